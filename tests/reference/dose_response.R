# Reference values for the dose response: mgcv's REML and restricted cubic splines, both
# standardised over the pupils' own covariates. Writes dose_response.json.
# Run: Rscript tests/reference/dose_response.R  (from the repository)
suppressPackageStartupMessages({library(mgcv); library(sandwich); library(rms); library(jsonlite)})
args <- commandArgs(FALSE)
here <- dirname(sub("--file=", "", args[grep("--file=", args)]))
d <- read.csv(file.path(here, "dose_response.csv"))
n <- nrow(d)
at <- c(0, 0.05, 0.1, 0.2, 0.3)
families <- list(points = gaussian(), event = binomial(), count = poisson())

# Average prediction at each level, with the delta method for a given covariance.
standardised <- function(fit, design, cov, coef, family) {
  rows <- t(sapply(at, function(a) {
    X <- design(a)
    eta <- drop(X %*% coef)
    c(mean(family$linkinv(eta)), colMeans(family$mu.eta(eta) * X))
  }))
  grad <- rows[, -1]
  list(mean = rows[, 1], se = sqrt(rowSums((grad %*% cov) * grad)))
}

knots <- as.numeric(quantile(unique(d$absence), seq(0, 1, length.out = 12)))
penalised <- lapply(names(families), function(y) {
  family <- families[[y]]
  fit <- gam(as.formula(paste(y, "~ prior + s(absence, bs = 'cr', k = 12)")), data = d,
             family = family, method = "REML", knots = list(absence = knots),
             control = gam.control(epsilon = 1e-12, maxit = 400,
                                   newton = list(conv.tol = 1e-10)))
  design <- function(a) predict(fit, transform(d, absence = a), type = "lpmatrix")
  found <- standardised(fit, design, vcov(fit), coef(fit), family)
  c(list(edf = sum(fit$edf), score = as.numeric(fit$gcv.ubre), scale = fit$sig2,
         smoothing = as.numeric(fit$sp) / fit$smooth[[1]]$S.scale), found)
})
names(penalised) <- names(families)

own <- as.numeric(quantile(d$absence, c(0.05, 0.275, 0.5, 0.725, 0.95)))
cubic <- lapply(names(families), function(y) {
  family <- families[[y]]
  spline <- function(a) rcspline.eval(a, knots = own, inclx = TRUE)
  fit <- glm(d[[y]] ~ spline(d$absence) + d$prior, family = family,
             control = glm.control(epsilon = 1e-14, maxit = 100))
  design <- function(a) cbind(1, spline(rep(a, n)), d$prior)
  cov <- vcovCL(fit, cluster = d$school, type = "HC1")
  standardised(fit, design, cov, coef(fit), family)
})
names(cubic) <- names(families)

write_json(list(
  at = at, knots = knots, own_knots = own, penalised = penalised, cubic = cubic,
  versions = list(R = as.character(getRversion()), mgcv = as.character(packageVersion("mgcv")),
                  rms = as.character(packageVersion("rms")),
                  sandwich = as.character(packageVersion("sandwich")))
), file.path(here, "dose_response.json"), auto_unbox = TRUE, digits = 15, pretty = TRUE)
