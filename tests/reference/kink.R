# Reference values for the kink search, its profile set, slopes and splines. Writes kink.json.
# Run: Rscript tests/reference/kink.R  (from the repository)
suppressPackageStartupMessages({library(segmented); library(sandwich); library(rms); library(jsonlite)})
args <- commandArgs(FALSE)
here <- dirname(sub("--file=", "", args[grep("--file=", args)]))
d <- read.csv(file.path(here, "kink.csv"))
n <- nrow(d)

# Best kink: segmented (local search from a start near the truth) and its SSR.
line <- lm(points ~ absence + prior, d)
seg <- segmented(line, seg.Z = ~absence, psi = 0.18,
                 control = seg.control(tol = 1e-10, it.max = 200, n.boot = 0))
# The same kink by one-dimensional minimisation between the neighbouring values of absence.
ssr <- function(psi) sum(resid(lm(points ~ absence + prior + pmax(absence - psi, 0), d))^2)
values <- sort(unique(d$absence))
inner <- values[3:(length(values) - 2)]
ends <- sapply(inner, ssr)
best <- list(minimum = inner[which.min(ends)], objective = min(ends))
for (i in seq_len(length(inner) - 1)) {
  o <- optimize(ssr, inner[i + 0:1], tol = 1e-12)
  if (o$objective < best$objective) best <- o
}
# Profile set: F critical value, every crossing by uniroot.
p <- 2 + 1 + 2  # intercept, slope, covariate, hinge, location
df <- n - p
limit <- best$objective * (1 + qf(0.95, 1, df) / df)
excess <- function(psi) ssr(psi) - limit
grid <- seq(min(inner), max(inner), length.out = 1500)
sign_at <- sapply(grid, excess)
flips <- which(diff(sign(sign_at)) != 0)
crossings <- sapply(flips, function(i) uniroot(excess, grid[i + 0:1], tol = 1e-13)$root)

# Slopes of a line bent at 20 %, cluster-robust (CR1 with t(G - 1)).
d$below <- pmin(d$absence, 0.2)
d$above <- pmax(d$absence - 0.2, 0)
bent <- lm(points ~ below + above + prior, d)
v <- vcovCL(bent, cluster = ~school, type = "HC1")
change <- unname(coef(bent)["above"] - coef(bent)["below"])
change_se <- sqrt(v["above", "above"] + v["below", "below"] - 2 * v["above", "below"])
straight <- vcovCL(line, cluster = ~school, type = "HC1")

# Restricted cubic splines: knots and basis; mean along absence with its robust error.
kn <- attr(rcspline.eval(d$absence, nk = 5), "knots")
knots4 <- attr(rcspline.eval(d$absence, nk = 4), "knots")
at <- seq(0, 0.6, by = 0.05)
basis <- rcspline.eval(at, knots = kn, inclx = TRUE)
d$s <- rcspline.eval(d$absence, knots = kn, inclx = TRUE)
smooth <- lm(points ~ s + prior, d)
x <- cbind(1, basis, mean(d$prior))
vs <- vcovCL(smooth, cluster = ~school, type = "HC1")

out <- list(
  versions = list(R = R.version.string, segmented = as.character(packageVersion("segmented")),
                  sandwich = as.character(packageVersion("sandwich")), rms = as.character(packageVersion("rms"))),
  segmented = list(psi = seg$psi[1, "Est."], ssr = sum(resid(seg)^2)),
  best = list(psi = best$minimum, ssr = best$objective),
  ssr_line = sum(resid(line)^2),
  set = list(critical = qf(0.95, 1, df), df = df, crossings = as.numeric(crossings)),
  slopes = list(below = unname(coef(bent)["below"]), below_se = sqrt(v["below", "below"]),
                above = unname(coef(bent)["above"]), above_se = sqrt(v["above", "above"]),
                change = change, change_se = change_se,
                overall = unname(coef(line)["absence"]), overall_se = sqrt(straight["absence", "absence"]),
                t_quantile = qt(0.975, length(unique(d$school)) - 1)),
  spline = list(knots = as.numeric(kn), knots4 = as.numeric(knots4), at = at, basis = unclass(basis),
                mean = as.numeric(x %*% coef(smooth)), mean_se = sqrt(diag(x %*% vs %*% t(x)))),
  bic = list(linear = BIC(line) , spline = BIC(smooth),
             quadratic = BIC(lm(points ~ absence + I(absence^2) + prior, d)),
             none = BIC(lm(points ~ prior, d)))
)
write_json(out, file.path(here, "kink.json"), digits = NA, auto_unbox = TRUE, pretty = TRUE)
