# Reference values for effect sizes, paired tests, ordinal change and responders, from
# responders.csv. Run in this folder: Rscript responders.R
suppressMessages({library(jsonlite); library(effectsize); library(coin); library(clubSandwich)
library(ordinal)})

d <- read.csv("responders.csv")
x <- d$before; y <- d$after; change <- y - x
n <- nrow(d); m <- n - 1; z <- qnorm(0.975)

# Effect sizes: d_z and g_z by effectsize; the others by formula (Bonett 2008; Borenstein 2009).
dz <- cohens_d(y, x, paired = TRUE); gz <- hedges_g(y, x, paired = TRUE)
v1 <- var(x); v2 <- var(y); vd <- var(change); r <- cor(x, y); s2 <- (v1 + v2) / 2
J <- exp(lgamma(m / 2) - log(sqrt(m / 2)) - lgamma((m - 1) / 2))
with_error <- function(est, se) list(estimate = est, se = se, low = est - z * se, high = est + z * se)
d_av <- mean(change) / sqrt(s2)
d_rm <- mean(change) / sqrt(vd) * sqrt(2 * (1 - r))
d_b <- mean(change) / sqrt(v1)
av <- with_error(d_av, sqrt(d_av^2 * (v1^2 + v2^2 + 2 * r^2 * v1 * v2) / (8 * m * s2^2) + vd / (m * s2)))
sizes <- list(
  d_z = list(estimate = dz$Cohens_d, low = dz$CI_low, high = dz$CI_high),
  g_z = list(estimate = gz$Hedges_g, low = gz$CI_low, high = gz$CI_high),
  d_av = av, g_av = lapply(av, function(v) J * v),
  d_rm = with_error(d_rm, sqrt((1 / n + d_rm^2 / (2 * n)) * 2 * (1 - r))),
  d_b = with_error(d_b, sqrt(d_b^2 / (2 * m) + vd / (m * v1))))

# Signed ranks exact with Hodges-Lehmann; all sign flips of the first 12 pairs.
w <- wilcox.test(change, exact = TRUE, conf.int = TRUE)
first <- change[1:12]
flips <- as.matrix(expand.grid(rep(list(c(-1, 1)), 12)))
flip_p <- mean(abs(flips %*% first) >= abs(sum(first)) - 1e-12)

# Ordinal change.
levels <- 1:5
tab <- table(factor(d$level_before, levels), factor(d$level_after, levels))
k <- rowSums(tab) + colSums(tab) > 0
there <- tab[upper.tri(tab)]; back <- t(tab)[upper.tri(tab)]; moved <- there + back > 0
bowker <- sum((there - back)[moved]^2 / (there + back)[moved])
full <- matrix(c(12, 5, 3, 9, 20, 4, 2, 11, 15), 3, byrow = TRUE)
pairs <- data.frame(before = factor(d$level_before, levels[k]), after = factor(d$level_after, levels[k]))
mh <- mh_test(as.table(tab[k, k]))
scored <- mh_test(as.table(full), scores = list(response = 1:3))
mc <- mcnemar.test(full, correct = FALSE); mh_full <- mh_test(as.table(full))
up <- sum(d$level_after > d$level_before); down <- sum(d$level_after < d$level_before)
stacked <- data.frame(level = factor(c(d$level_before, d$level_after), ordered = TRUE),
                      time = rep(0:1, each = n), id = rep(1:n, 2))
fit <- clm(level ~ time, data = stacked, control = clm.control(gradTol = 1e-10))
# Cluster-robust by pupil: observed information and scores by hand.
theta <- unname(fit$alpha); beta <- unname(fit$beta)
loglik_i <- function(p) {
  cuts <- c(-Inf, p[seq_along(theta)], Inf); eta <- p[length(p)] * stacked$time
  j <- as.integer(stacked$level)
  log(plogis(cuts[j + 1] - eta) - plogis(cuts[j] - eta))
}
par <- c(theta, beta); h <- 1e-5
scores <- sapply(seq_along(par), function(i) {
  e <- replace(numeric(length(par)), i, h); (loglik_i(par + e) - loglik_i(par - e)) / (2 * h) })
by_pupil <- rowsum(scores, stacked$id)
bread <- vcov(fit)
robust <- sqrt((bread %*% crossprod(by_pupil) %*% bread)[length(par), length(par)])

# Reliable change by formula, with made-up population values; own slopes by lm.
p <- list(s1 = 0.7, r1 = 0.8, M1 = 3.2, s2 = 0.72, r2 = 0.78, M2 = 3.25, c = 0.7)
SE <- p$s1 * sqrt(1 - p$r1)
rdd <- (p$s1^2 * p$r1 + p$s2^2 * p$r2 - 2 * p$s1 * p$s2 * p$c) / (p$s1^2 + p$s2^2 - 2 * p$s1 * p$s2 * p$c)
rules <- list(
  JT = change / (sqrt(2) * SE),
  GLN = ((y - p$M1) - p$r1 * (x - p$M1)) / (p$s1 * sqrt(1 - p$r1^2)),
  HLL = ((y - p$M2) - p$r1 * (x - p$M1)) / (p$s1 * sqrt(1 - p$r1^2)),
  EN = (y - (p$r1 * (x - p$M1) + p$M1)) / SE,
  NK = (y - (p$r1 * (x - p$M1) + p$M1)) / sqrt(p$r1^2 * p$s1^2 * (1 - p$r1) + p$s1^2 * (1 - p$r2)),
  HA = (change * rdd + (p$M2 - p$M1) * (1 - rdd)) / (sqrt(rdd) * sqrt(2) * SE))
long <- data.frame(id = factor(rep(1:n, 3)), time = rep(0:2, each = n), value = c(x, y, d$later))
sl <- summary(lm(value ~ 0 + id + id:time, data = long))$coefficients
sl <- sl[grepl(":time", rownames(sl)), ]
# Pupils with two waves fit without residual, so the pooled variance is that of the others.

# A share in few clusters.
responds <- as.numeric(change > 0.2)
fit0 <- lm(responds ~ 1)
cr2 <- coef_test(fit0, vcov = "CR2", cluster = d$cluster, test = "Satterthwaite")
wilson <- prop.test(sum(responds), n, correct = FALSE)$conf.int

out <- list(
  versions = list(R = R.version.string, effectsize = as.character(packageVersion("effectsize")),
                  coin = as.character(packageVersion("coin")), ordinal = as.character(packageVersion("ordinal")),
                  clubSandwich = as.character(packageVersion("clubSandwich"))),
  sizes = sizes,
  wilcoxon = list(p = w$p.value, estimate = unname(w$estimate), low = w$conf.int[1], high = w$conf.int[2]),
  flip_p = flip_p,
  ordinal = list(bowker = bowker, bowker_df = sum(moved), full = full,
    full_bowker = unname(mc$statistic), full_bowker_df = unname(mc$parameter), full_bowker_p = mc$p.value,
    stuart_maxwell = unname(statistic(mh)), stuart_maxwell_df = unname(mh@statistic@df), stuart_maxwell_p = unname(pvalue(mh)),
    full_stuart_maxwell = unname(statistic(mh_full)), full_ordered = unname(statistic(scored))^2,
    full_ordered_p = unname(pvalue(scored)), up = up, down = down, sign_p = binom.test(up, up + down)$p.value,
    log_odds = beta, log_odds_se = unname(sqrt(diag(bread))[length(par)]), log_odds_robust = robust),
  norms = p, rules = rules,
  slopes = list(slope = unname(sl[, 1]), index = unname(sl[, 3])),
  share = list(share = mean(responds), se = cr2$SE, df = cr2$df_Satt, wilson_low = wilson[1], wilson_high = wilson[2]))
write_json(out, "responders.json", auto_unbox = TRUE, digits = NA, pretty = TRUE)
