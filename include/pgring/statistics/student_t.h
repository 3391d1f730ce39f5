// Student's t distribution: how many standard errors an estimate of few measurements may be off.
//
// Pure; what can only be a programming error stops the program.
#ifndef PGRING_STATISTICS_STUDENT_T_H_
#define PGRING_STATISTICS_STUDENT_T_H_

namespace pgring {

// The t below which a variable with this distribution lies with `probability`: 2.776 for 0.975 and
// 4 degrees of freedom, the usual factor of a 95 % interval. Exact to about 12 digits.
// Source: M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4,
// whose finite series for whole degrees of freedom are inverted here by bisection.
//
// 0 < probability < 1; degrees_of_freedom >= 1. The time taken grows with the degrees of freedom.
double StudentTQuantile(double probability, int degrees_of_freedom);

}  // namespace pgring

#endif  // PGRING_STATISTICS_STUDENT_T_H_
