# Reference values for absence_risk.stats.cr2, from cr2.csv. Run in this folder: Rscript cr2.R
# clubSandwich: CR2, Satterthwaite coefficient tests, HTZ Wald tests.
library(clubSandwich)
library(jsonlite)

d <- read.csv("cr2.csv")
d$f <- factor(d$cluster)

describe <- function(fit, keep) {
  V <- vcovCR(fit, cluster = d$cluster, type = "CR2")
  tests <- coef_test(fit, vcov = V, test = "Satterthwaite", coefs = keep)
  joint <- Wald_test(fit, constraints = constrain_zero(keep), vcov = V, test = "HTZ")
  equal <- Wald_test(fit, constraints = constrain_equal(keep[1:2]), vcov = V, test = "HTZ")
  list(coef = unname(coef(fit)[keep]), se = tests$SE, df = tests$df_Satt,
       V = unname(as.matrix(V)[keep, keep]),
       F = joint$Fstat, df1 = joint$df_num, df2 = joint$df_denom, p = joint$p_val,
       equal_F = equal$Fstat, equal_df = equal$df_denom)
}
plain <- lm(y ~ x1 + x2 + level, d)
weighted <- lm(y ~ x1 + x2 + level, d, weights = w)
effects <- lm(y ~ 0 + x1 + x2 + f, d)
effects_w <- lm(y ~ 0 + x1 + x2 + f, d, weights = w)
two <- c("x1", "x2")
# Precision weights: rows scaled by the root of the weight, then equal.
s <- data.frame(model.matrix(~ 0 + x1 + x2 + level, d) * sqrt(d$w), one = sqrt(d$w),
                y = d$y * sqrt(d$w))
s$f <- model.matrix(~ 0 + f, d) * sqrt(d$w)
scaled <- lm(y ~ 0 + x1 + x2 + level + one, s)
effects_s <- lm(y ~ 0 + x1 + x2 + f, s)
mean_only <- lm(y ~ 1, d)
V <- vcovCR(mean_only, cluster = d$cluster, type = "CR2")
one <- coef_test(mean_only, vcov = V, test = "Satterthwaite")

out <- list(
  versions = list(R = R.version.string,
                  clubSandwich = as.character(packageVersion("clubSandwich"))),
  plain = describe(plain, c("x1", "x2", "level")),
  sampling = describe(weighted, c("x1", "x2", "level")),
  precision = describe(scaled, c("x1", "x2", "level")),
  effects = describe(effects, two),
  effects_sampling = describe(effects_w, two),
  effects_precision = describe(effects_s, two),
  mean_only = list(coef = unname(coef(mean_only)), se = one$SE, df = one$df_Satt)
)
write_json(out, "cr2.json", auto_unbox = TRUE, digits = NA, pretty = TRUE)
