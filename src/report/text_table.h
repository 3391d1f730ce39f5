// Tables for a terminal or a text file: headings with their units, texts left, figures right. Fits
// a given width by closing up and then by leaving out the columns that matter least, and says which
// in a line below the table, so that a row never wraps.
//
// Pure; nothing here can fail.
#ifndef PGRING_REPORT_TEXT_TABLE_H_
#define PGRING_REPORT_TEXT_TABLE_H_

#include <string>

#include "report/table.h"
#include "report/text_style.h"

namespace pgring {

// Title, heading, rule and rows, what there was no room for, and the notes; each line ended by a
// newline. Nothing for a table without anything in it.
std::string RenderText(Table table, const TextStyle& style);

}  // namespace pgring

#endif  // PGRING_REPORT_TEXT_TABLE_H_
