# Reference values for designs with a comparison. Run in this folder: Rscript comparison.R
# ATT(g,t), matching, weights, bounds and the synthetic control are written out in base R from
# their formulas; errors come from clubSandwich, sandwich and nlme.
library(jsonlite)
suppressMessages({library(clubSandwich); library(sandwich); library(nlme)})

contrast <- function(fit, cluster, c) {
  v <- vcovCR(fit, cluster = cluster, type = "CR2")
  x <- linear_contrast(fit, vcov = v, contrasts = matrix(c, nrow = 1), test = "Satterthwaite")
  list(estimate = x$Est, se = x$SE, df = x$df, low = x$CI_L, high = x$CI_U)
}

# Pupils before and after -------------------------------------------------------------------
d <- read.csv("comparison_pupils.csv")
d$change <- d$post - d$pre
fit <- lm(change ~ treated + pre + ability, data = d)
ancova <- contrast(fit, d$municipality_key, c(0, 1, 0, 0))
ancova_pupils <- contrast(fit, d$pupil_key, c(0, 1, 0, 0))
z <- c(1, 0, colMeans(d[d$treated == 1, c("pre", "ability")]))
ancova_expected <- contrast(fit, d$municipality_key, z)
did <- contrast(lm(change ~ treated, data = d), d$municipality_key, c(0, 1))
observed <- contrast(lm(change ~ 1, data = d[d$treated == 1, ]),
                     d$municipality_key[d$treated == 1], 1)

hedges <- function(x, g) {
  n1 <- sum(g == 1); n0 <- sum(g == 0)
  s <- sqrt(((n1 - 1) * var(x[g == 1]) + (n0 - 1) * var(x[g == 0])) / (n1 + n0 - 2))
  (1 - 3 / (4 * (n1 + n0) - 9)) * (mean(x[g == 1]) - mean(x[g == 0])) / s
}
cox <- function(x, g) {
  p1 <- mean(x[g == 1]); p0 <- mean(x[g == 0])
  (1 - 3 / (4 * length(g) - 9)) * (qlogis(p1) - qlogis(p0)) / 1.65
}

# Weights for the comparison pupils, and the weighted comparison ------------------------------
X <- as.matrix(d[, c("pre", "ability", "girl")])
ps <- glm(treated ~ pre + ability + girl, family = binomial, data = d,
          control = glm.control(epsilon = 1e-14, maxit = 100))
odds <- with(d, ifelse(treated == 1, 1, fitted(ps) / (1 - fitted(ps))))
T <- which(d$treated == 1); C <- which(d$treated == 0)
odds[C] <- odds[C] / sum(odds[C]) * length(T)
nearest <- function(dist) {
  w <- numeric(nrow(d)); w[T] <- 1
  for (i in seq_along(T)) {
    hit <- which(dist[i, ] <= min(dist[i, ]) + 1e-12)
    w[C[hit]] <- w[C[hit]] + 1 / length(hit)
  }
  w
}
logit <- predict(ps)
by_propensity <- nearest(abs(outer(logit[T], logit[C], "-")))
S <- (cov(X[T, ]) * (length(T) - 1) + cov(X[C, ]) * (length(C) - 1)) / (nrow(d) - 2)
maha <- t(sapply(T, function(i) sqrt(mahalanobis(X[C, ], X[i, ], S))))
by_mahalanobis <- nearest(maha)
target <- colMeans(X[T, ]); B <- scale(X[C, ], center = target, scale = apply(X, 2, sd))
dual <- function(l) log(sum(exp(B %*% l)))
gradient <- function(l) { p <- exp(B %*% l); as.vector(t(B) %*% p / sum(p)) }
l <- c(0, 0, 0)
for (k in 1:50) {
  p <- as.vector(exp(B %*% l)); p <- p / sum(p); m <- as.vector(t(B) %*% p)
  H <- t(B) %*% (p * B) - m %*% t(m)
  l <- l - solve(H, m)
}
p <- as.vector(exp(B %*% l)); entropy <- numeric(nrow(d)); entropy[T] <- 1
entropy[C] <- p / sum(p) * length(T)
weighted <- function(w) {
  b <- coef(lm(change ~ treated + pre + ability + girl, data = d, weights = w))
  list(weights = w, estimate = unname(b[2]))
}

# Panel: group-time cells stacked, one mean per cell and arm ----------------------------------
p <- read.csv("comparison_panel.csv")
wide <- reshape(p, idvar = c("pupil_key", "municipality_key", "first"), timevar = "period",
                direction = "wide")
at <- function(t) wide[[paste0("y.", t)]]
stack <- NULL; cells <- NULL
for (g in c(3, 5)) for (t in 1:7) if (t != g - 1) {
  change <- at(t) - at(g - 1)
  for (arm in 1:0) {
    k <- if (arm == 1) wide$first == g else wide$first == 99
    k <- k & !is.na(change)
    stack <- rbind(stack, data.frame(change = change[k], arm = sprintf("%d.%d.%d", g, t, 1 - arm),
                                     m = wide$municipality_key[k]))
    if (arm == 1) cells <- rbind(cells, data.frame(g = g, t = t, n = sum(k)))
  }
}
stack$arm <- factor(stack$arm, levels = unique(stack$arm))
means <- lm(change ~ 0 + arm, data = stack)
weigh <- function(w) { c <- numeric(2 * nrow(cells)); c[seq(1, length(c), 2)] <- w
                       c[seq(2, length(c), 2)] <- -w; c }
vcov_stack <- vcovCR(means, cluster = stack$m, type = "CR2")
stacked <- function(w) {
  x <- linear_contrast(means, vcov = vcov_stack, contrasts = matrix(weigh(w), nrow = 1),
                       test = "Satterthwaite")
  list(estimate = x$Est, se = x$SE, df = x$df)
}
post <- cells$t >= cells$g
simple <- stacked(ifelse(post, cells$n, 0) / sum(cells$n[post]))
event <- lapply(setNames(-3:4, -3:4), function(e) {
  k <- cells$t - cells$g == e
  if (!any(k)) NULL else stacked(ifelse(k, cells$n, 0) / sum(cells$n[k]))
})
each <- lapply(seq_len(nrow(cells)), function(i)
  c(as.list(cells[i, ]), stacked(as.numeric(seq_len(nrow(cells)) == i))))

# Series --------------------------------------------------------------------------------------
s <- read.csv("comparison_series.csv")
s$after <- as.numeric(s$period >= 17); s$since <- pmax(s$period - 17, 0)
ols <- lm(y ~ period + after + since, data = s)
nw <- NeweyWest(ols, lag = 3, prewhite = FALSE, adjust = TRUE)
g <- gls(y ~ period + after + since, data = s, correlation = corAR1(form = ~period),
         control = glsControl(tolerance = 1e-12, msTol = 1e-12, opt = "nlminb"))
rho_reml <- unname(coef(g$modelStruct$corStruct, unconstrained = FALSE))
Z <- model.matrix(ols); y <- s$y; rho <- 0
quasi <- function(M, r) rbind(sqrt(1 - r^2) * M[1, , drop = FALSE],
                              M[-1, , drop = FALSE] - r * M[-nrow(M), , drop = FALSE])
for (k in 1:1000) {
  b <- qr.coef(qr(quasi(Z, rho)), quasi(cbind(y), rho))
  e <- as.vector(y - Z %*% b); n <- length(e)
  rho <- sum(e[-1] * e[-n]) / sum(e[-n]^2)
}
pw <- lm.fit(quasi(Z, rho), as.vector(quasi(cbind(y), rho)))
s2 <- sum(pw$residuals^2) / (n - 4)
pw_se <- sqrt(s2 * diag(chol2inv(qr.R(qr(quasi(Z, rho))))))

# Synthetic control: every set of donors in use is tried -------------------------------------
u <- read.csv("comparison_donors.csv")
Y <- matrix(u$y, nrow = 7, byrow = TRUE)
simplex <- function(target, D) {
  best <- Inf; w_best <- NULL; J <- ncol(D)
  for (m in 1:(2^J - 1)) {
    on <- which(bitwAnd(m, 2^(0:(J - 1))) > 0); A <- D[, on, drop = FALSE]; k <- length(on)
    K <- rbind(cbind(crossprod(A), 1), c(rep(1, k), 0))
    w <- try(solve(K, c(crossprod(A, target), 1))[1:k], silent = TRUE)
    if (inherits(w, "try-error") || any(w < -1e-12)) next
    loss <- sum((target - A %*% w)^2)
    if (loss < best) { best <- loss; w_best <- numeric(J); w_best[on] <- w }
  }
  w_best
}
runs <- t(sapply(1:7, function(j) {
  w <- numeric(7); w[-j] <- simplex(Y[j, 1:8], t(Y[-j, 1:8])); w }))
gaps <- Y - runs %*% Y
ratio <- sqrt(rowMeans(gaps[, 9:12]^2) / rowMeans(gaps[, 1:8]^2))

# Sensitivity ---------------------------------------------------------------------------------
pairs <- c(-3.1, -0.4, 1.2, -2.2, -0.9, -1.7, 0.3, -2.8, -1.1, 0.6, -0.4, -1.9)
bound <- function(G) {
  q <- G / (1 + G); r <- rank(abs(pairs)); t <- sum(r[pairs < 0])
  c(sign = pbinom(sum(pairs < 0) - 1, length(pairs), q, lower.tail = FALSE),
    rank = pnorm((t - q * sum(r)) / sqrt(q * (1 - q) * sum(r^2)), lower.tail = FALSE))
}
reach <- uniroot(function(G) bound(G)["rank"] - 0.025, c(1, 100), tol = 1e-13)$root
rv <- function(t, df, q, alpha) {
  f <- q * abs(t) / sqrt(df) - if (alpha < 1) qt(1 - alpha / 2, df - 1) / sqrt(df - 1) else 0
  if (f <= 0) 0 else (sqrt(f^4 + 4 * f^2) - f^2) / 2
}

write_json(list(
  versions = list(R = R.version.string, clubSandwich = as.character(packageVersion("clubSandwich")),
                  sandwich = as.character(packageVersion("sandwich")),
                  nlme = as.character(packageVersion("nlme"))),
  ancova = ancova, ancova_pupils = ancova_pupils, ancova_expected = ancova_expected, did = did,
  observed = observed,
  g_pre = hedges(d$pre, d$treated), g_ability = hedges(d$ability, d$treated),
  cox_girl = cox(d$girl, d$treated),
  matched = list(ipw = weighted(odds), propensity = weighted(by_propensity),
                 mahalanobis = weighted(by_mahalanobis), entropy = weighted(entropy)),
  cells = each, simple = simple, event = event,
  ols = list(beta = unname(coef(ols)), se = unname(sqrt(diag(nw)))),
  reml = list(rho = rho_reml, beta = unname(coef(g)), se = unname(sqrt(diag(g$varBeta)))),
  prais_winsten = list(rho = rho, beta = unname(pw$coefficients), se = pw_se),
  synthetic = list(weights = runs, gaps = gaps, ratio = ratio, p = mean(ratio >= ratio[1])),
  pairs = pairs, bounds = lapply(c(1, 1.5, 2, 3), function(G) as.list(bound(G))),
  gamma_at_alpha = reach,
  robustness = list(rv(4.18445, 783, 1, 1), rv(4.18445, 783, 1, 0.05), rv(-2.2, 40, 0.5, 1),
                    rv(-2.2, 40, 0.5, 0.05)),
  e_value = list(2.3 + sqrt(2.3 * 1.3), exp(0.91 * 0.4) + sqrt(exp(0.91 * 0.4) * (exp(0.91 * 0.4) - 1)))
), "comparison.json", auto_unbox = TRUE, digits = NA, pretty = TRUE)
