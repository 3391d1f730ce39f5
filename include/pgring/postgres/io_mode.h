// How the bytes of a reactor's connections move; see socket_io.h. Plain data.
#ifndef PGRING_POSTGRES_IO_MODE_H_
#define PGRING_POSTGRES_IO_MODE_H_

#include <cstdint>

namespace pgring {

enum class IoMode : uint8_t { kReadiness, kCompletion };

}  // namespace pgring

#endif  // PGRING_POSTGRES_IO_MODE_H_
