// Tables in GitHub-flavoured Markdown: for pull requests and notes.
//
// Pure; nothing here can fail.
#ifndef PGRING_REPORT_MARKDOWN_TABLE_H_
#define PGRING_REPORT_MARKDOWN_TABLE_H_

#include <string>

#include "report/table.h"

namespace pgring {

// The title in bold, the table with all its columns, the notes as a list. Text that a table holds
// cannot break out of its cell or make markup. Each line ends with a newline.
std::string RenderMarkdown(const Table& table);

}  // namespace pgring

#endif  // PGRING_REPORT_MARKDOWN_TABLE_H_
