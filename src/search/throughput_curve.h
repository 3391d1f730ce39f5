// What trials at many limits say together: a smooth curve of throughput over the limit, known
// better where more was measured, through which any two limits can be compared, those included that
// were never tried.
//
// A Gaussian process (C. E. Rasmussen and C. K. I. Williams 2006, algorithm 2.1) over the
// logarithms of limit and throughput. Its mean is a model of the server, the scalability law or two
// lines that meet at a knee, if one describes the trials better than no model does; by how likely
// each makes them, less a penalty for its parameters. Trials err in four ways, and each is a part
// of it: by chance; together with their neighbours in time; by a drift of the machine, steady or
// wandering; and by pauses, which count for less the farther off they are (Student's t distribution
// in the normal one's place, by weights that are found anew a few times).
//
// Pure; what can only be a programming error stops the program. n trials take n^3 multiplications,
// a few times: 150 of them some milliseconds.
#ifndef PGRING_SEARCH_THROUGHPUT_CURVE_H_
#define PGRING_SEARCH_THROUGHPUT_CURVE_H_

#include <functional>
#include <optional>
#include <vector>

#include "search/trial.h"

namespace pgring {

class ThroughputCurve {
 public:
  // With fewer trials that succeeded there is no curve.
  static constexpr int kFewestTrials = 4;

  // `trials` in the order in which they were measured; those that did not succeed, and those far
  // from `middle`, say nothing. middle >= 1.
  static std::optional<ThroughputCurve> Fit(const std::vector<Trial>& trials, int middle);

  // Of ln(throughput): at one limit less that at another. Limits >= 1.
  struct Difference {
    double mean = 0;
    double deviation = 0;  // how well it is known: a standard deviation
  };
  Difference Compare(double limit, double other_limit) const;

 private:
  struct Point;
  // ln(throughput) by limit, as a model of the server has it.
  struct Model {
    std::function<double(double limit)> log_throughput;
    double amplitude = 0;  // how far from it the curve may be
    int parameters = 0;
    double doubt = 0;  // ln of the odds against it, before any trial
  };
  static std::vector<Model> ModelsOf(const std::vector<Trial>& trials, int middle);
  // ln of how likely the points are.
  double FitAround(const std::vector<Point>& points, double noise);

  Model model_;
  std::vector<double> log_limits_;
  std::vector<double> lower_;         // Cholesky's factor of the trials' covariance, row by row
  std::vector<double> coefficients_;  // the inverse of that covariance, times the trials
};

}  // namespace pgring

#endif  // PGRING_SEARCH_THROUGHPUT_CURVE_H_
