# Reference values for cuts, ROC and area under it. Writes calibration.json.
# Run: Rscript tests/reference/calibration.R  (from the repository)
suppressPackageStartupMessages({library(cutpointr); library(pROC); library(jsonlite)})
args <- commandArgs(FALSE)
here <- dirname(sub("--file=", "", args[grep("--file=", args)]))
d <- read.csv(file.path(here, "calibration.csv"))

cut <- function(...) cutpointr(d, absence, event, direction = ">=", pos_class = 1, neg_class = 0,
                               silent = TRUE, ...)
best <- cut(method = maximize_metric, metric = youden)
cheap <- cut(method = minimize_metric, metric = misclassification_cost, cost_fp = 1, cost_fn = 6)
sens <- cut(method = maximize_metric, metric = spec_constrain, constrain_metric = sensitivity,
            min_constrain = 0.7)
grid <- seq(0.05, 0.35, by = 0.05)
# pROC's thresholds lie halfway between values; one just below the grid makes ">" into ">=".
r <- roc(d$event, d$absence, direction = "<", levels = c(0, 1), quiet = TRUE)
at <- coords(r, x = grid - 0.0025, input = "threshold",
             ret = c("threshold", "sensitivity", "specificity", "ppv", "npv", "youden"),
             transpose = FALSE)
out <- list(
  made_with = list(R = R.version.string, cutpointr = as.character(packageVersion("cutpointr")),
                   pROC = as.character(packageVersion("pROC"))),
  n = nrow(d), events = sum(d$event),
  youden = list(cut = best$optimal_cutpoint, value = best$youden, auc = best$AUC,
                sensitivity = best$sensitivity, specificity = best$specificity),
  cost = list(cut = cheap$optimal_cutpoint, value = cheap$misclassification_cost),
  constrained = list(cut = sens$optimal_cutpoint, sensitivity = sens$sensitivity,
                     specificity = sens$specificity),
  roc = list(auc = as.numeric(auc(r)), at = grid, sensitivity = at$sensitivity,
             specificity = at$specificity, ppv = at$ppv, npv = at$npv, youden = at$youden - 1)
)
write_json(out, file.path(here, "calibration.json"), digits = 16, auto_unbox = TRUE, pretty = TRUE)
