// Text of foreign origin - a server's messages, names of hosts, files and scenarios - on its way to
// a terminal or a file that is shown on one. Pure functions; nothing here can fail.
#ifndef PGRING_BASE_PRINTABLE_H_
#define PGRING_BASE_PRINTABLE_H_

#include <string>
#include <string_view>

namespace pgring {

// `text` as valid UTF-8 without a control character other than newline and tab: controls (C0, DEL,
// C1) and bytes that are not UTF-8 become "\x1b", so that none of them moves a cursor, changes a
// colour or answers a terminal's question, and each can still be read. What turns the direction of
// the text after it (Unicode's bidirectional controls) or ends its line becomes "\u202e".
std::string EscapeControls(std::string_view text);

}  // namespace pgring

#endif  // PGRING_BASE_PRINTABLE_H_
