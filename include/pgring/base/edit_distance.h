// How far two words are from each other: for "did you mean".
#ifndef PGRING_BASE_EDIT_DISTANCE_H_
#define PGRING_BASE_EDIT_DISTANCE_H_

#include <cstddef>
#include <string_view>

namespace pgring {

// The number of bytes to be inserted, deleted, replaced or exchanged with a neighbour to make one
// of the other (the "optimal string alignment" distance: no part is edited twice). Time and memory
// grow with the product of the lengths.
size_t EditDistance(std::string_view from, std::string_view to);

}  // namespace pgring

#endif  // PGRING_BASE_EDIT_DISTANCE_H_
