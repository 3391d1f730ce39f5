// The recorded catalogues of PostgreSQL 12 to 18, in catalogues/.
#ifndef PGRING_TESTS_DIAGNOSIS_RECORDED_CATALOGUE_H_
#define PGRING_TESTS_DIAGNOSIS_RECORDED_CATALOGUE_H_

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace pgring {

inline constexpr int kOldestRecorded = 12;
inline constexpr int kNewestRecorded = 18;

struct RecordedCatalogue {
  std::map<std::string, std::set<std::string>> columns;          // by relation
  std::vector<std::pair<std::string, std::string>> wait_events;  // type and name
};

RecordedCatalogue ReadCatalogue(int major);

}  // namespace pgring

#endif  // PGRING_TESTS_DIAGNOSIS_RECORDED_CATALOGUE_H_
