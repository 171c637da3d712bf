# A mixture of gaussian regressions with a multinomial concomitant model, fitted by flexmix's EM:
# Rscript flexmix.R FOLDER K TOLERANCE ITERATIONS. FOLDER has x (n, d), y (n) and the first
# posterior (n, K) as columns of doubles. Prints CPU seconds of the fit alone, iterations,
# log-likelihood, experts that are left, and the versions of flexmix and R.
suppressPackageStartupMessages(library(flexmix))
given <- commandArgs(trailingOnly = TRUE)
experts <- as.integer(given[2])
columns <- function(name) {
  path <- file.path(given[1], name)
  readBin(path, "double", file.size(path) / 8)
}
y <- columns("y")
x <- matrix(columns("x"), nrow = length(y))
posterior <- matrix(columns("posterior"), nrow = length(y))
names <- paste0("x", seq_len(ncol(x)))
data <- data.frame(y, x)
colnames(data) <- c("y", names)
gate <- FLXPmultinom(reformulate(names))
control <- list(
  tolerance = as.numeric(given[3]), iter.max = as.integer(given[4]), minprior = 0,
  classify = "weighted"
)
began <- proc.time()
fit <- flexmix(
  reformulate(names, "y"), data,
  k = experts, cluster = posterior, concomitant = gate, control = control
)
spent <- proc.time() - began
cat(
  sum(spent[c("user.self", "sys.self")]), fit@iter, sprintf("%.10f", fit@logLik), fit@k,
  as.character(packageVersion("flexmix")), as.character(getRversion())
)
