// Certificates for one test program, made with the openssl command: an authority, a server's
// certificate signed by it, and another authority that has signed nothing.
//
// The files are in a directory of their own below /tmp and go with the object. Making them starts
// processes: before there are rings.
#ifndef PGRING_TESTS_SUPPORT_TEST_CERTIFICATES_H_
#define PGRING_TESTS_SUPPORT_TEST_CERTIFICATES_H_

#include <string>

namespace pgring {

class TestCertificates {
 public:
  // Host names of the server's certificate.
  static constexpr char kHostName[] = "localhost";
  static constexpr char kHostAddress[] = "127.0.0.1";

  TestCertificates();
  ~TestCertificates();
  TestCertificates(const TestCertificates&) = delete;
  TestCertificates& operator=(const TestCertificates&) = delete;

  // Files, for sslrootcert.
  std::string root() const { return directory_ + "/root.crt"; }
  std::string other_root() const { return directory_ + "/other.crt"; }

  // Copies the server's certificate and key there as server.crt and server.key, for the directory's
  // owner alone.
  void InstallForServer(const std::string& data_directory) const;

 private:
  void MakeAuthority(const std::string& name) const;
  void MakeServerCertificate() const;

  std::string directory_;
};

}  // namespace pgring

#endif  // PGRING_TESTS_SUPPORT_TEST_CERTIFICATES_H_
