# Reference values for missing follow-up, from missing.csv. Run in this folder: Rscript missing.R
suppressPackageStartupMessages({
  library(jsonlite); library(mice); library(nlme); library(clubSandwich); library(numDeriv)
})
d <- read.csv("missing.csv")
d$id <- seq_len(nrow(d))
out <- list(versions = list(
  R = R.version.string, mice = as.character(packageVersion("mice")),
  nlme = as.character(packageVersion("nlme")),
  clubSandwich = as.character(packageVersion("clubSandwich"))
))

# Pooling of stored imputations
fits <- lapply(1:5, function(k) lm(y ~ w0 + absence, data = transform(d, y = d[[paste0("imp", k)]])))
p <- mice::pool(as.mira(fits))$pooled
s <- summary(mice::pool(as.mira(fits)))
out$pool <- list(
  estimates = t(sapply(fits, coef)), variances = t(sapply(fits, function(f) diag(vcov(f)))),
  estimate = p$estimate, se = s$std.error, df = p$df, lambda = p$lambda, fmi = p$fmi, nu = p$dfcom[1]
)

# Posterior of the imputation model on 50 points of the intraclass correlation
o <- d[!is.na(d$m1), ]
rho <- (seq_len(50) - 0.5) / 50
sc <- function(x) (x - mean(x)) / sqrt(mean((x - mean(x))^2))
d$z0 <- sc(d$w0); d$za <- sc(d$absence)
o <- d[!is.na(d$m1), ]
fit_at <- function(r) gls(m1 ~ z0 + za, o, method = "REML",
                          correlation = corCompSymm(r, form = ~ 1 | town, fixed = TRUE))
g <- lapply(rho, fit_at)
ll <- sapply(g, function(f) as.numeric(logLik(f)))
w <- exp(ll - max(ll)); w <- w / sum(w)
beta <- sapply(g, coef)
blup <- sapply(seq_along(rho), function(k) {
  lam <- rho[k] / (1 - rho[k]); r <- o$m1 - model.matrix(~ z0 + za, o) %*% beta[, k]
  sapply(0:4, function(t) lam * sum(r[o$town == t]) / (1 + lam * sum(o$town == t)))
})
out$posterior <- list(weight = w, beta = as.vector(beta %*% w), shift = as.vector(blup %*% w),
                      sigma2 = sapply(seq_along(rho), function(k) g[[k]]$sigma^2 * (1 - rho[k])))

# CR2 of one mean and of a difference of means
one <- lm(imp1 - w0 ~ 1, d); two <- lm(imp1 - w0 ~ arm, d)
cr2 <- function(f) coef_test(f, vcov = "CR2", cluster = d$town, test = "Satterthwaite")
a <- cr2(one); b <- cr2(two)[2, ]
out$cr2 <- list(one = c(a$beta, a$SE, a$df_Satt), two = c(b$beta, b$SE, b$df_Satt))

# Repeated measures: nlme gls, REML; degrees of freedom by the delta method, numerically
long <- function(w) {
  l <- reshape(d[, c("id", "arm", w)], direction = "long", varying = list(w), v.names = "y",
               timevar = "wave", idvar = "id")
  l <- l[!is.na(l$y), ]; l <- l[order(l$id, l$wave), ]
  l$cell <- factor(paste0("a", l$arm, "w", l$wave)); l
}
contrast <- c(1, 0, -1, -1, 0, 1)  # change from wave 1 to 3, arm 1 minus arm 0
mmrm <- function(w) {
  l <- long(w)
  f <- gls(y ~ 0 + cell, l, correlation = corSymm(form = ~ wave | id),
           weights = varIdent(form = ~ 1 | wave), method = "REML",
           control = glsControl(tolerance = 1e-12, msTol = 1e-14, msMaxIter = 500, opt = "nlminb",
                                maxIter = 500))
  X <- model.matrix(~ 0 + cell, l)
  parts <- split(seq_len(nrow(l)), l$id)
  at <- function(theta) {
    L <- matrix(0, 3, 3); L[lower.tri(L, TRUE)] <- theta; S <- L %*% t(L)
    ld <- 0; M <- 0; b <- 0; q <- 0
    for (i in parts) {
      V <- S[l$wave[i], l$wave[i], drop = FALSE]; Vi <- solve(V); Xi <- X[i, , drop = FALSE]
      ld <- ld + log(det(V)); M <- M + t(Xi) %*% Vi %*% Xi; b <- b + t(Xi) %*% Vi %*% l$y[i]
      q <- q + drop(t(l$y[i]) %*% Vi %*% l$y[i])
    }
    C <- solve(M)
    list(dev = ld + log(det(M)) + q - drop(t(b) %*% C %*% b), v = drop(t(contrast) %*% C %*% contrast))
  }
  start <- long(w); S0 <- diag(3) * var(start$y)
  th <- t(chol(S0))[lower.tri(S0, TRUE)]
  for (k in 1:5) th <- optim(th, function(t) at(t)$dev, method = "BFGS",
                             control = list(reltol = 1e-15, maxit = 1000))$par
  for (k in 1:5) th <- th - solve(hessian(function(t) at(t)$dev, th), grad(function(t) at(t)$dev, th))
  H <- hessian(function(t) at(t)$dev, th); g <- grad(function(t) at(t)$v, th); v <- at(th)$v
  # Standard errors at sigma = MLE of gls are scaled by (n - p) inside REML already.
  list(coef = unname(coef(f)), estimate = sum(contrast * coef(f)),
       se = sqrt(drop(t(contrast) %*% vcov(f) %*% contrast)), se_direct = sqrt(v),
       df = v^2 / drop(t(g) %*% solve(H, g)), loglik = as.numeric(logLik(f)))
}
out$mmrm_monotone <- mmrm(c("w0", "m1", "m2"))
out$mmrm_gaps <- mmrm(c("g0", "g1", "g2"))

# Lee and Manski bounds from the formula
y1 <- d$m2[d$arm == 1] - d$w0[d$arm == 1]; y0 <- d$m1[d$arm == 0] - d$w0[d$arm == 0]
q1 <- mean(!is.na(y1)); q0 <- mean(!is.na(y0))
better <- if (q1 > q0) y1 else y0; better <- sort(better[!is.na(better)])
keep <- min(q0 / q1, q1 / q0); n <- length(better)
# mean of the lowest share by integrating the step quantile function
step <- function(v, keep) {
  u <- seq(0, 1, length.out = n + 1); part <- pmax(pmin(u[-1], keep) - u[-(n + 1)], 0)
  sum(part * v) / keep
}
lo <- step(better, keep); hi <- step(rev(better), keep)
other <- mean(if (q1 > q0) y0 else y1, na.rm = TRUE)
out$lee <- if (q1 > q0) list(low = lo - other, high = hi - other, trimmed = 1 - keep) else
  list(low = other - hi, high = other - lo, trimmed = 1 - keep)
change <- d$m1 - d$w0
out$manski <- list(low = mean(ifelse(is.na(change), 1 - d$w0, change)),
                   high = mean(ifelse(is.na(change), 5 - d$w0, change)))
im <- function(w, level) uniroot(function(c) pnorm(c + w) - pnorm(-c) - level, c(1, 3), tol = 1e-13)$root
out$imbens_manski <- im(0.7, 0.95)
write_json(out, "missing.json", auto_unbox = TRUE, digits = NA, pretty = TRUE)
