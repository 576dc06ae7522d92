# Reference values for absence_risk.evaluation, from change.csv. Run in this folder: Rscript change.R
# Registry regression by lm, prediction for the cases, delete-one-school jackknife by refitting.
library(jsonlite)

d <- read.csv("change.csv")
d$change <- d$after - d$before
d$less <- as.numeric(d$after < d$before)
d$halved <- as.numeric(d$after <= d$before / 2 & d$before > 0)
terms <- ~ factor(cohort) + before + I(before^2) + alarm_total + I(alarm_total^2) +
  alarm_invalid + I(alarm_invalid^2) + alarm_total:alarm_invalid

estimate <- function(d, outcome) {
  fit <- lm(update(terms, reformulate(".", outcome)), data = d[d$is_case == 0, ])
  cases <- d[d$is_case == 1, ]
  expected <- mean(predict(fit, cases))
  observed <- mean(cases[[outcome]])
  c(observed, expected, observed - expected)
}
schools <- sort(unique(d$school_key))
G <- length(schools)
df <- length(unique(d$school_key[d$is_case == 1])) - 1
with_errors <- function(outcome) {
  full <- estimate(d, outcome)
  left <- sapply(schools, function(g) estimate(d[d$school_key != g, ], outcome))
  se <- sqrt((G - 1) / G * rowSums((full - left)^2))
  half <- qt(0.975, df) * se
  list(estimate = full, se = se, low = full - half, high = full + half,
       p_beyond = 2 * pt(-abs(full[3] / se[3]), df))
}

# Paired wellbeing scores: t, Wilcoxon, and d_z by inverting the noncentral t.
pre <- c(2.1, 3.0, 2.6, 3.4, 1.8, 2.9, 3.3, 2.2, 4.1, 2.7)
post <- c(2.6, 2.9, 3.5, 3.6, 2.9, 2.2, 3.72, 3.5, 4.15, 3.3)
t_test <- t.test(post, pre, paired = TRUE)
n <- length(pre)
t0 <- unname(t_test$statistic)
nc <- function(p) uniroot(function(x) pt(t0, n - 1, x) - p, c(-10, 20), tol = 1e-12)$root
wilcoxon <- wilcox.test(post - pre, exact = TRUE)

out <- list(
  versions = list(R = R.version.string),
  change = with_errors("change"), less = with_errors("less"), halved = with_errors("halved"),
  schools = G, df = df,
  paired = list(pre = pre, post = post, change = unname(t_test$estimate),
                low = t_test$conf.int[1], high = t_test$conf.int[2], t = t0, p = t_test$p.value,
                wilcoxon_p = wilcoxon$p.value, d_z = t0 / sqrt(n),
                d_z_low = nc(0.975) / sqrt(n), d_z_high = nc(0.025) / sqrt(n))
)
write_json(out, "change.json", auto_unbox = TRUE, digits = NA, pretty = TRUE)
