// SHA-256 by libcrypto, which libpq needs as well.
#ifndef PGRING_REPORT_SHA256_H_
#define PGRING_REPORT_SHA256_H_

#include <string>
#include <string_view>

namespace pgring {

// 64 hexadecimal digits. Cannot fail.
std::string Sha256(std::string_view bytes);

}  // namespace pgring

#endif  // PGRING_REPORT_SHA256_H_
