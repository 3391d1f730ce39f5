// Which sanitizers this program was built with, for tests of what they change.
#ifndef PGRING_TESTS_SUPPORT_SANITIZERS_H_
#define PGRING_TESTS_SUPPORT_SANITIZERS_H_

namespace pgring {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kAddressSanitizer = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool kAddressSanitizer = true;
#else
inline constexpr bool kAddressSanitizer = false;
#endif
#else
inline constexpr bool kAddressSanitizer = false;
#endif

}  // namespace pgring

#endif  // PGRING_TESTS_SUPPORT_SANITIZERS_H_
