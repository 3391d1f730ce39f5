#include "test_certificates.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cluster/run_command.h"
#include "pgring/base/check.h"
#include "pgring/base/clock.h"

namespace pgring {
namespace {

constexpr int64_t kOpensslLimitNs = 60 * kNanosecondsPerSecond;
// Small and quick to make.
constexpr const char* kKeyKind = "ec_paramgen_curve:prime256v1";

void RunOpenssl(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {"/usr/bin/env", "openssl"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const auto output = RunCommand(words, kOpensslLimitNs);
  PGRING_CHECK(output.ok(), absl::StrCat("a test needs openssl (tools/setup installs it): ",
                                         output.status().ToString())
                                .c_str());
}

}  // namespace

TestCertificates::TestCertificates() {
  char name[] = "/tmp/pgring-certificates-XXXXXX";
  PGRING_CHECK(mkdtemp(name) != nullptr, "a test needs a directory below /tmp");
  directory_ = name;
  MakeAuthority("root");
  MakeAuthority("other");
  MakeServerCertificate();
}

TestCertificates::~TestCertificates() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void TestCertificates::MakeAuthority(const std::string& name) const {
  const std::string base = absl::StrCat(directory_, "/", name);
  RunOpenssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", kKeyKind, "-nodes", "-days", "2",
              "-subj", absl::StrCat("/CN=pgring test authority ", name), "-keyout", base + ".key",
              "-out", base + ".crt"});
}

void TestCertificates::MakeServerCertificate() const {
  const std::string base = directory_ + "/server";
  RunOpenssl({"req", "-newkey", "ec", "-pkeyopt", kKeyKind, "-nodes", "-subj",
              absl::StrCat("/CN=", kHostName), "-keyout", base + ".key", "-out", base + ".csr"});
  std::ofstream(base + ".ext") << "subjectAltName = DNS:" << kHostName << ", IP:" << kHostAddress
                               << "\n";
  RunOpenssl({"x509", "-req", "-in", base + ".csr", "-CA", root(), "-CAkey",
              directory_ + "/root.key", "-CAcreateserial", "-days", "2", "-extfile", base + ".ext",
              "-out", base + ".crt"});
}

void TestCertificates::InstallForServer(const std::string& data_directory) const {
  struct stat owner{};
  PGRING_CHECK(stat(data_directory.c_str(), &owner) == 0, "the server's directory is not there");
  for (const char* name : {"/server.crt", "/server.key"}) {
    const std::string path = data_directory + name;
    std::filesystem::copy_file(directory_ + name, path);
    // The server refuses a key that others could read.
    PGRING_CHECK(chmod(path.c_str(), S_IRUSR | S_IWUSR) == 0 &&
                     chown(path.c_str(), owner.st_uid, owner.st_gid) == 0,
                 "the server's certificate could not be given to it");
  }
}

}  // namespace pgring
