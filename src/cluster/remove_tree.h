// Removes a directory tree by system calls alone: no allocation, no locks, no C library streams. It
// therefore also works in a process forked from one with threads (the keeper), where anything else
// could wait for ever for a lock whose holder does not exist there.
//
// Symbolic links are removed, never followed, so a link planted in the tree leads nowhere else.
#ifndef PGRING_CLUSTER_REMOVE_TREE_H_
#define PGRING_CLUSTER_REMOVE_TREE_H_

namespace pgring {

// A PostgreSQL data directory is about five levels deep; deeper than this is not ours.
inline constexpr int kRemoveTreeDepthLimit = 32;

// Removes `directory` and all below it. The entry `last_name` of the top directory (nullptr: none)
// goes last, so that a removal that fails half-way leaves a directory that is still marked as ours.
// Goes on after an error to remove what it can. Returns 0, else the first errno (ELOOP: deeper than
// the limit). A directory that does not exist counts as removed.
int RemoveTree(const char* directory, const char* last_name);

}  // namespace pgring

#endif  // PGRING_CLUSTER_REMOVE_TREE_H_
