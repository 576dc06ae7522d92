# Reference values of the Aalen-Johansen estimator on incidence.csv.
# survfit: Aalen's variance without entry, infinitesimal jackknife with entry; cmprsk::cuminc: its
# own tie-corrected variance; "aalen": the definition as a double sum, written here once more.
library(survival)
library(cmprsk)
library(jsonlite)

rows <- read.csv("incidence.csv")

aalen <- function(d, kind) {
  times <- sort(unique(d$duration))
  Y <- sapply(times, function(t) sum(d$entry < t & d$duration >= t))
  D <- sapply(times, function(t) sum(d$duration == t & d$event > 0))
  Dk <- sapply(times, function(t) sum(d$duration == t & d$event == kind))
  before <- cumprod(c(1, 1 - D / Y))[seq_along(times)]
  F <- cumsum(before * Dk / Y)
  sapply(seq_along(times), function(j) {
    total <- 0
    for (i in seq_len(j)) {
      gap <- F[j] - F[i]
      if (Y[i] > D[i]) total <- total + gap^2 * D[i] / (Y[i] * (Y[i] - D[i]))
      total <- total + before[i]^2 * Dk[i] * (Y[i] - Dk[i]) / Y[i]^3
      total <- total - 2 * gap * before[i] * Dk[i] / Y[i]^2
    }
    sqrt(max(total, 0))
  })
}

one <- function(name) {
  d <- rows[rows$set == name, ]
  d$id <- seq_len(nrow(d))
  kinds <- sort(unique(d$event[d$event > 0]))
  status <- factor(d$event, 0:max(kinds))
  late <- any(d$entry > 0)
  fit <- if (late) {
    survfit(Surv(entry, duration, status) ~ 1, data = d, id = id)
  } else {
    survfit(Surv(duration, status) ~ 1, data = d)
  }
  low <- high <- NULL
  if (!late) {
    ci <- survfit(Surv(duration, status) ~ 1, data = d, conf.type = "log-log")
    low <- ci$lower[, -1]
    high <- ci$upper[, -1]
  }
  keep <- fit$time %in% unique(d$duration)
  out <- list(
    time = fit$time[keep], pstate = fit$pstate[keep, -1, drop = FALSE],
    std_error = fit$std.err[keep, -1, drop = FALSE],
    survfit_variance = if (late) "infinitesimal jackknife" else "aalen",
    low = if (late) NULL else low[keep, ], high = if (late) NULL else high[keep, ],
    n_risk = fit$n.risk[keep, 1], aalen = sapply(kinds, function(k) aalen(d, k))
  )
  if (!late) {
    at <- sort(unique(d$duration))
    cum <- timepoints(cuminc(d$duration, d$event), at)
    out$cuminc <- list(time = at, est = unname(cum$est), var = unname(cum$var))
  }
  out
}

start <- function() {
  d <- rows[rows$set == "late180", ]
  d <- d[d$duration > 5, ]
  d$entry <- pmax(d$entry, 5)
  d$id <- seq_len(nrow(d))
  fit <- survfit(Surv(entry, duration, factor(event, 0:3)) ~ 1, data = d, id = id)
  keep <- fit$time %in% unique(d$duration)
  list(time = fit$time[keep], pstate = fit$pstate[keep, -1])
}

values <- lapply(c("n60", "n180", "n3000", "late180"), one)
names(values) <- c("n60", "n180", "n3000", "late180")
values$late180_start5 <- start()
values$versions <- list(
  R = R.version.string, survival = as.character(packageVersion("survival")),
  cmprsk = as.character(packageVersion("cmprsk"))
)
write_json(values, "incidence.json", digits = NA, auto_unbox = TRUE, na = "null")
