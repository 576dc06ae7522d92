# Reference values for absence_risk.evaluation.repeated_measures, from missing.csv. Run in this
# folder: Rscript repeated.R. Repeated measures by nlme::gls (corSymm + varIdent, REML); degrees of
# freedom by the delta method on the Cholesky factor, derivatives numerically.
suppressPackageStartupMessages({
  library(jsonlite); library(nlme); library(numDeriv)
})
d <- read.csv("missing.csv")
d$id <- seq_len(nrow(d))
d$x <- d$absence - mean(d$absence)
long <- function(w) {
  l <- reshape(d[, c("id", "arm", "x", w)], direction = "long", varying = list(w), v.names = "y",
               timevar = "wave", idvar = "id")
  l <- l[!is.na(l$y), ]; l <- l[order(l$id, l$wave), ]
  for (t in 1:3) l[[paste0("t", t)]] <- as.numeric(l$wave == t)
  l
}
fitted_by <- function(w, formula, contrasts) {
  l <- long(w)
  f <- gls(formula, l, correlation = corSymm(form = ~ wave | id),
           weights = varIdent(form = ~ 1 | wave), method = "REML",
           control = glsControl(tolerance = 1e-12, msTol = 1e-14, msMaxIter = 500, opt = "nlminb",
                                maxIter = 500))
  X <- model.matrix(formula, l)
  parts <- split(seq_len(nrow(l)), l$id)
  at <- function(theta) {
    L <- matrix(0, 3, 3); L[lower.tri(L, TRUE)] <- theta; S <- L %*% t(L)
    ld <- 0; M <- 0; b <- 0; q <- 0
    for (i in parts) {
      Vi <- solve(S[l$wave[i], l$wave[i], drop = FALSE]); Xi <- X[i, , drop = FALSE]
      ld <- ld - log(det(Vi)); M <- M + t(Xi) %*% Vi %*% Xi; b <- b + t(Xi) %*% Vi %*% l$y[i]
      q <- q + drop(t(l$y[i]) %*% Vi %*% l$y[i])
    }
    C <- solve(M)
    list(dev = ld + log(det(M)) + q - drop(t(b) %*% C %*% b), C = C, beta = drop(C %*% b))
  }
  sd <- f$sigma * coef(f$modelStruct$varStruct, unconstrained = FALSE, allCoef = TRUE)
  R <- diag(3); R[lower.tri(R)] <- coef(f$modelStruct$corStruct, unconstrained = FALSE)
  R <- R + t(R) - diag(3); S <- R * outer(sd[c("1", "2", "3")], sd[c("1", "2", "3")])
  th <- t(chol(S))[lower.tri(S, TRUE)]
  for (k in 1:3) th <- th - solve(hessian(function(t) at(t)$dev, th), grad(function(t) at(t)$dev, th))
  H <- hessian(function(t) at(t)$dev, th)
  lapply(contrasts, function(cc) {
    v <- function(t) drop(t(cc) %*% at(t)$C %*% cc)
    g <- grad(v, th)
    # gls stops about 1e-6 from the maximum: estimates at the maximum found by Newton's method.
    stopifnot(abs(sum(cc * coef(f)) - sum(cc * at(th)$beta)) < 1e-5)
    list(estimate = sum(cc * at(th)$beta), se = sqrt(drop(t(cc) %*% vcov(f) %*% cc)),
         df = v(th)^2 / drop(t(g) %*% solve(H, g)))
  })
}
gaps <- c("g0", "g1", "g2")
out <- list(
  versions = list(R = R.version.string, nlme = as.character(packageVersion("nlme"))),
  # constrained: one baseline mean; programme adds at waves 2 and 3
  shared = fitted_by(gaps, y ~ 0 + t1 + t2 + t3 + arm:t2 + arm:t3, list(
    programme = c(-1, 0, 1, 0, 1), comparison = c(-1, 0, 1, 0, 0), difference = c(0, 0, 0, 0, 1),
    middle = c(0, 0, 0, 1, 0))),
  own = fitted_by(gaps, y ~ 0 + t1 + t2 + t3 + arm:t1 + arm:t2 + arm:t3, list(
    programme = c(-1, 0, 1, -1, 0, 1), comparison = c(-1, 0, 1, 0, 0, 0),
    difference = c(0, 0, 0, -1, 0, 1), middle = c(0, 0, 0, -1, 1, 0))),
  alone = fitted_by(gaps, y ~ 0 + t1 + t2 + t3 + x:t1 + x:t2 + x:t3, list(
    change = c(-1, 0, 1, 0, 0, 0), middle = c(-1, 1, 0, 0, 0, 0), mean = c(0, 0, 1, 0, 0, 0)))
)
write_json(out, "repeated.json", auto_unbox = TRUE, digits = NA, pretty = TRUE)
