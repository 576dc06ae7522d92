# Reference values for absence_risk.escalation, from escalation.csv. Run in this folder:
#   Rscript escalation.R
# Models by glm; cluster-robust variance by clubSandwich (CR3, without the factor (G-1)/G) and, for
# the contrast of two models, by hand: leave one school out, one Newton step from the full estimate.
library(clubSandwich)
library(jsonlite)

d <- read.csv("escalation.csv")
d$early_risk <- d$early_scheduled - d$early_valid
d$later_risk <- d$later_scheduled - d$later_valid
for (h in c("early", "later")) {
  d[[paste0(h, "_v")]] <- d[[paste0(h, "_valid")]] / d[[paste0(h, "_scheduled")]] / 0.05
  d[[paste0(h, "_i")]] <- d[[paste0(h, "_invalid")]] / d[[paste0(h, "_risk")]]
}
fit <- function(formula, weights) {
  d$w <- weights
  glm(formula, family = quasibinomial, data = d, weights = w,
      control = glm.control(epsilon = 1e-14, maxit = 100))
}
naive <- fit(later_i ~ early_v, d$later_risk)
forward <- fit(later_i ~ early_v + early_i + sqrt(early_i) + factor(grade), d$later_risk)
backward <- fit(early_i ~ later_v + later_i + sqrt(later_i) + factor(grade), d$early_risk)

by_hand <- function(model) {
  x <- model.matrix(model)
  p <- fitted(model)
  w <- model$prior.weights
  total <- crossprod(x, w * p * (1 - p) * x)
  t(sapply(split(seq_len(nrow(d)), d$school_key), function(g) {
    left <- total - crossprod(x[g, ], (w * p * (1 - p))[g] * x[g, ])
    solve(left, crossprod(x[g, ], (w * (model$y - p))[g]))
  }))
}
G <- length(unique(d$school_key))
scale <- (G - 1) / G
se <- function(v) sqrt(scale * sum(v^2))
d_forward <- by_hand(forward)[, 2]
d_backward <- by_hand(backward)[, 2]
club_se <- function(model) sqrt(vcovCR(model, cluster = d$school_key, type = "CR3")[2, 2] * scale)
log_ratio <- unname(coef(forward)[2] - coef(backward)[2])
half <- qt(0.975, G - 1) * se(d_forward - d_backward)

# Band 5 to <10 % of early valid absence: pooled later invalid share, leave-one-school-out.
band <- d$early_v >= 1 & d$early_v < 2
share <- sum(d$later_invalid[band]) / sum(d$later_risk[band])
by_school <- function(x) tapply(x[band], d$school_key[band], sum)
s <- by_school(d$later_invalid - share * d$later_risk)
rest <- sum(d$later_risk[band]) - by_school(d$later_risk)
g_band <- length(s)
se_band <- sqrt((g_band - 1) / g_band * sum((s / rest)^2))

out <- list(
  versions = list(R = R.version.string, clubSandwich = as.character(packageVersion("clubSandwich"))),
  naive = list(log_or = unname(coef(naive)[2]), se = se(by_hand(naive)[, 2])),
  adjusted = list(log_or = unname(coef(forward)[2]), se = se(d_forward),
                  se_club = club_se(forward)),
  reversed = list(log_or = unname(coef(backward)[2]), se = se(d_backward),
                  se_club = club_se(backward)),
  ratio = list(log_or = log_ratio, se = se(d_forward - d_backward),
               low = exp(log_ratio - half), high = exp(log_ratio + half)),
  band = list(share = share, se = se_band, n = sum(band)),
  schools = G
)
write_json(out, "escalation.json", auto_unbox = TRUE, digits = NA, pretty = TRUE)
