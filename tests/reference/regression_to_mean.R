# Reference values for absence_risk.stats.regression_to_mean and the fallback benchmarks, from
# regression_to_mean.csv. Run in this folder: Rscript regression_to_mean.R
# Integrals in place of the closed forms; lm, clubSandwich and uniroot in place of the quadratic.
library(jsonlite)
library(clubSandwich)

# Normal theory: mean of the first minus the second of two measures, given the first beyond a cut.
normal <- function(cut, mean, sb, sw, m, above) {
  s <- sqrt(sb^2 + sw^2 / m)
  slope <- sb^2 / s^2
  back <- function(y) (y - (mean + slope * (y - mean))) * dnorm(y, mean, s)
  range <- if (above) c(cut, mean + 12 * s) else c(mean - 12 * s, cut)
  top <- integrate(back, range[1], range[2], rel.tol = 1e-12)$value
  top / integrate(function(y) dnorm(y, mean, s), range[1], range[2], rel.tol = 1e-12)$value
}
# Beta-binomial: the same by integrating over the propensity.
beta_binomial <- function(n, k, a, b) {
  chosen <- function(p) pbinom(k - 1, n, p, lower.tail = FALSE) * dbeta(p, a, b)
  before <- function(p) sapply(p, function(q) sum((k:n) / n * dbinom(k:n, n, q))) * dbeta(p, a, b)
  after <- function(p) p * chosen(p)
  total <- function(f) integrate(f, 0, 1, rel.tol = 1e-11, subdivisions = 2000)$value
  (total(before) - total(after)) / total(chosen)
}

d <- read.csv("regression_to_mean.csv")
everyone <- d
y1 <- everyone$days_pre / everyone$n_pre
alone <- mean(y1 * (1 - y1) * everyone$n_pre / (everyone$n_pre - 1))
spread <- mean(y1) * (1 - mean(y1)) - alone
a <- mean(y1) * alone / spread
b <- (1 - mean(y1)) * alone / spread

r <- d[d$is_case == 0, ]
p1 <- r$days_pre / r$n_pre
p2 <- r$days_post / r$n_post
excess <- (p1 - p2)^2 / 2 - (1 / r$n_pre + 1 / r$n_post) / 2 * (p1 * (1 - p2) + p2 * (1 - p1)) / 2
z <- mean(excess) / (sd(excess) / sqrt(nrow(r)))

cases <- d[d$is_case == 1, ]
pre <- cases$days_pre / cases$n_pre
post <- cases$days_post / cases$n_post
school <- factor(cases$school_key)
mean_of <- function(y) {
  fit <- lm(y ~ 1)
  found <- linear_contrast(fit, vcov = "CR2", cluster = school, contrasts = matrix(1, 1, 1),
                           test = "Satterthwaite")
  c(found$Est, found$SE, found$df, found$CI_L, found$CI_U)
}
expected <- (a + cases$days_pre) / (a + b + cases$n_pre)
mu <- mean(y1)
sdev <- sd(y1)
rel <- cor(p1, p2)
shift <- normal(0.15, mu, sdev * sqrt(rel), sdev * sqrt(1 - rel), 1, TRUE)

# Mee and Chua: post on pre - mu; tau = intercept - mu, with CR2 at each mu and t of the fit at mu0.
mu0 <- 0.07
at <- function(m) {
  fit <- lm(post ~ I(pre - m))
  found <- linear_contrast(fit, vcov = "CR2", cluster = school, contrasts = matrix(c(1, 0), 1),
                           test = "Satterthwaite")
  c(found$Est - m, found$SE, found$df)
}
here <- at(mu0)
t_here <- qt(0.975, here[3])
gap <- function(m) { one <- at(m); abs(one[1]) - t_here * one[2] }
grid <- seq(-1, 2, by = 0.01)
signs <- sapply(grid, gap)
turns <- which(diff(sign(signs)) != 0)
roots <- sapply(turns, function(i) uniroot(gap, grid[c(i, i + 1)], tol = 1e-13)$root)

out <- list(
  versions = list(R = R.version.string,
                  clubSandwich = as.character(packageVersion("clubSandwich"))),
  normal = list(above = normal(0.2, 0.07, 0.06, 0.05, 1, TRUE),
                twice = normal(0.2, 0.07, 0.06, 0.05, 2, TRUE),
                below = normal(2.5, 3.4, 0.5, 0.4, 1, FALSE)),
  beta_binomial = list(short = beta_binomial(20, 4, 0.8, 10.6), long = beta_binomial(60, 9, 0.8, 10.6)),
  fit = c(a, b), overdispersion = c(mean(excess), z, pnorm(-z)),
  change = mean_of(post - pre), beyond_beta = mean_of(post - expected),
  beyond_normal = mean_of(post - pre + shift), shift = shift, reliability = rel,
  mee_chua = list(mu = mu0, tau = here, not_significant_between = roots)
)
write_json(out, "regression_to_mean.json", auto_unbox = TRUE, digits = NA, pretty = TRUE)
