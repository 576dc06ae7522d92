# Reference values for absence_risk.evaluation, from change.csv. Run in this folder: Rscript change.R
# Registry regression by lm, prediction for the cases, CR2 by clubSandwich.
library(jsonlite)
library(clubSandwich)

d <- read.csv("change.csv")
d$change <- d$after - d$before
d$less <- as.numeric(d$after < d$before)
d$halved <- as.numeric(d$after <= d$before / 2 & d$before > 0)
terms <- ~ factor(cohort) + before + I(before^2) + I(before^3) + alarm_total + I(alarm_total^2) +
  I(alarm_total^3) + alarm_invalid + I(alarm_invalid^2) + I(alarm_invalid^3) +
  alarm_total:alarm_invalid

# The cases' outcome less what their own regressors add, beside the registry, so that the contrast
# (-z, 1) is mean(y) - z'b; CR2 and Satterthwaite by clubSandwich.
is_case <- d$is_case == 1
X <- model.matrix(terms, d)
cluster <- factor(d$school_key)
G <- nlevels(cluster)
contrast <- function(fit, cl, c) {
  found <- linear_contrast(fit, vcov = "CR2", cluster = cl, contrasts = matrix(c, nrow = 1),
                           test = "Satterthwaite", p_values = TRUE)
  c(found$Est, found$SE, found$df, found$CI_L, found$CI_U, found$p_val)
}
with_errors <- function(outcome, X) {
  y <- d[[outcome]]
  b <- coef(lm.fit(X[!is_case, ], y[!is_case]))
  z <- colMeans(X[is_case, ])
  stacked <- cbind(X * !is_case, own = as.numeric(is_case))
  y_own <- ifelse(is_case, y - (X - rep(z, each = nrow(X))) %*% b, y)
  fit <- lm(y_own ~ 0 + stacked)
  only <- lm(y ~ 1, data = data.frame(y = y[is_case]))
  rows <- rbind(contrast(only, cluster[is_case], 1), contrast(fit, cluster, c(z, 0)),
                contrast(fit, cluster, c(-z, 1)))
  list(estimate = rows[, 1], se = rows[, 2], df = rows[, 3], low = rows[, 4], high = rows[, 5],
       p_beyond = rows[3, 6])
}

# For shares the baseline enters freely: a broken line with knots at quantiles of the cases, and
# their commonest levels on their own, where at least 15 of the registry share them.
knots <- unique(quantile(d$before[is_case], c(0, 0.2, 0.4, 0.6, 0.8)))
level <- table(round(d$before[is_case], 9))
known <- sapply(as.numeric(names(level)), function(v) sum(abs(d$before[!is_case] - v) < 1e-8))
common <- level[level > 1 & known >= 15]
common <- as.numeric(names(common))[order(-as.numeric(common))]
common <- head(common, 10)
free <- cbind(X, outer(d$before, knots, function(x, k) pmax(x - k, 0)),
              outer(d$before, common, function(x, v) as.numeric(abs(x - v) < 1e-8)))
q <- qr(free[!is_case, ])
free <- free[, sort(q$pivot[seq_len(q$rank)])]

# Paired wellbeing scores: t, Wilcoxon, and d_z by inverting the noncentral t.
pre <- c(2.1, 3.0, 2.6, 3.4, 1.8, 2.9, 3.3, 2.2, 4.1, 2.7)
post <- c(2.6, 2.9, 3.5, 3.6, 2.9, 2.2, 3.72, 3.5, 4.15, 3.3)
t_test <- t.test(post, pre, paired = TRUE)
n <- length(pre)
t0 <- unname(t_test$statistic)
nc <- function(p) uniroot(function(x) pt(t0, n - 1, x) - p, c(-10, 20), tol = 1e-12)$root
wilcoxon <- wilcox.test(post - pre, exact = TRUE)

out <- list(
  versions = list(R = R.version.string,
                  clubSandwich = as.character(packageVersion("clubSandwich"))),
  change = with_errors("change", X), less = with_errors("less", free),
  halved = with_errors("halved", free), levels = length(common),
  schools = G,
  paired = list(pre = pre, post = post, change = unname(t_test$estimate),
                low = t_test$conf.int[1], high = t_test$conf.int[2], t = t0, p = t_test$p.value,
                wilcoxon_p = wilcoxon$p.value, d_z = t0 / sqrt(n),
                d_z_low = nc(0.975) / sqrt(n), d_z_high = nc(0.025) / sqrt(n))
)
write_json(out, "change.json", auto_unbox = TRUE, digits = NA, pretty = TRUE)
