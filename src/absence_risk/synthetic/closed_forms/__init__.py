"""What follows from a scenario's numbers alone: exact values by recursion and quadrature.

Nothing here uses the simulator. Each module restates its part of the model as a Markov chain or
an integral, so that agreement with simulated worlds (`absence_risk.synthetic.agreement`) checks
both.
"""
