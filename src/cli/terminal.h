// What the terminal can show, and what the environment and the options say of it.
#ifndef PGRING_CLI_TERMINAL_H_
#define PGRING_CLI_TERMINAL_H_

#include "cli/output_options.h"
#include "report/text_style.h"

namespace pgring {

// Of standard output. Colour: the option, else NO_COLOR, else PG_COLOR, else whether it is a
// terminal that can. Unicode: as the locale says.
TextStyle TerminalStyle(ColorMode color);

// kAuto resolved by what standard error is.
ProgressMode ProgressOf(const OutputOptions& output);

// How wide the terminal of standard error is; 80 where that is not known.
int StandardErrorColumns();

}  // namespace pgring

#endif  // PGRING_CLI_TERMINAL_H_
