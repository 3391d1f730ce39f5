// How the bytes of a reactor's connections move; see socket_io.h. Plain data.
#ifndef PGRING_POSTGRES_IO_MODE_H_
#define PGRING_POSTGRES_IO_MODE_H_

#include <cstdint>

namespace pgring {

enum class IoMode : uint8_t {
  kReadiness,
  // The bytes go through the ring; but an exchange that is alone, with nothing else in flight,
  // waits for its answer in recv(2), which is quicker.
  kCompletion,
  kRing,  // as kCompletion, and always through the ring
};

}  // namespace pgring

#endif  // PGRING_POSTGRES_IO_MODE_H_
