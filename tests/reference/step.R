# Reference values for the step search: least-squares breaks of strucchange. Writes step.json.
# Run: Rscript tests/reference/step.R  (from the repository)
suppressPackageStartupMessages({library(strucchange); library(jsonlite)})
args <- commandArgs(FALSE)
here <- dirname(sub("--file=", "", args[grep("--file=", args)]))
d <- read.csv(file.path(here, "step.csv"))
d <- d[order(d$absence), ]
n <- nrow(d)
h <- 20 # least rows in a segment
one <- function(formula) {
  b <- breakpoints(breakpoints(formula, data = d, h = h), breaks = 1)
  f <- Fstats(formula, data = d, from = h / n, to = 1 - h / n)
  k <- length(coef(lm(formula, d)))
  list(index = b$breakpoints, ssr = b$RSS,
       ssr_line = sum(resid(lm(formula, d))^2), sup_f = max(f$Fstats), at = f$breakpoint, n_coef = k)
}
# Hansen (2000): likelihood ratio set of a jump of the level beside a common slope, by brute force.
ssr <- sapply(h:(n - h), function(i) sum(resid(lm(points ~ absence + prior + (seq_len(n) > i), d))^2))
df <- n - 5
q <- -2 * log(1 - sqrt(0.95))
kept <- (h:(n - h))[(ssr - min(ssr)) * df / min(ssr) <= q]
out <- list(
  versions = list(R = R.version.string, strucchange = as.character(packageVersion("strucchange"))),
  h = h, levels = one(points ~ 1), both = one(points ~ absence),
  jump = list(index = (h:(n - h))[which.min(ssr)], ssr = min(ssr), critical = q, kept = kept)
)
write_json(out, file.path(here, "step.json"), digits = NA, auto_unbox = TRUE, pretty = TRUE)
