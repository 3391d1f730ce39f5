// Names inside a throwaway server's directory, shared by those who make it (the keeper), use it
// (the server) and sweep it (the next start). Owns nothing, cannot fail.
//
//   <parent>/pgring-XXXXXX/     0700; as root it belongs to the user that PostgreSQL runs as
//     owner                     marks the directory as ours; the keeper holds its flock
//     data/                     PGDATA
//     initdb.log  server.log    standard output and error of initdb and of the server
//     .s.PGSQL.<port>           the Unix socket
#ifndef PGRING_CLUSTER_DIRECTORY_LAYOUT_H_
#define PGRING_CLUSTER_DIRECTORY_LAYOUT_H_

#include <cstddef>

namespace pgring {

inline constexpr char kDirectoryPrefix[] = "pgring-";
inline constexpr size_t kDirectorySuffixLength = 6;
inline constexpr char kOwnerFileName[] = "owner";
// The whole content of the owner file. A directory without exactly this is never removed.
inline constexpr char kOwnerFileText[] =
    "pgring throwaway server\n"
    "This directory goes with the server, or at the next start of pgring.\n";
inline constexpr char kDataDirectoryName[] = "data";
inline constexpr char kInitdbLogName[] = "initdb.log";
inline constexpr char kServerLogName[] = "server.log";

}  // namespace pgring

#endif  // PGRING_CLUSTER_DIRECTORY_LAYOUT_H_
