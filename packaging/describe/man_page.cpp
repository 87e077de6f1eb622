// SPDX-License-Identifier: Apache-2.0
#include <sstream>

#include "descriptions.hpp"

namespace keyshift::describe {
namespace {

constexpr const char* kDescription = R"(.SH DESCRIPTION
.B keyshift
watches a gateway whose API keys are moving from slow comparison of bcrypt
hashes to a lookup by SHA\-256 hash.
It says how far the migration is, which keys still have to be replaced, whether
clients are being locked out, and when the fallback may be removed: as metrics
for Prometheus, and on the command line.
It reads the gateway's database, Redis, logs and metrics; it changes none of
them, and reads no key hash.
)";

constexpr const char* kRest = R"(.SH ENVIRONMENT
.TP
.B DATABASE_URL
The gateway's database, where the configuration does not name one.
.TP
.B REDIS_URL
The gateway's Redis, likewise.
Without a configuration, its presence is what makes keyshift read Redis.
.TP
.B CREDENTIALS_DIRECTORY
Where
.BR systemd (1)
puts credentials; they are used where neither configuration nor environment
has the secret.
.TP
.BR XDG_STATE_HOME ", " HOME
Where the state is kept without a configuration: in
.I keyshift
below the first, or in
.I .local/state/keyshift
below the second.
.TP
.B NO_COLOR
No colours, on a terminal too.
.SH FILES
.TP
.I /etc/keyshift/keyshift.yaml
The configuration that the service reads.
.TP
.I /etc/default/keyshift
The environment of the service.
.TP
.I /var/lib/keyshift
The state: journal of keys, decisions of operators, history, counters.
.SH EXIT STATUS
.TP
.B 0
All went well.
.TP
.B 64
The command line is wrong, or there is no such key.
.TP
.B 69
A source that the command needs is unavailable.
.TP
.B 70
Anything else, a bug included; also a second signal while stopping.
.TP
.B 73
The file or the output that was named cannot be written.
.TP
.B 78
The configuration or the state is wrong.
.PP
.B keyshift verdict
has its own:
.B 0
SAFE,
.B 1
NOT_YET,
.B 2
UNSAFE,
.B 3
UNKNOWN.
.SH SIGNALS
.B keyshift serve
obeys these.
.TP
.B SIGHUP
Reads the configuration again; one with mistakes leaves everything as it was.
.TP
.BR SIGTERM ", " SIGINT
Finishes requests, saves the state and ends, within two seconds.
.SH EXAMPLES
Which keys have to be replaced, by owner:
.PP
.RS
.nf
DATABASE_URL=postgresql://keyshift@db/gateway keyshift report \-\-group\-by owner
.fi
.RE
.PP
What is wrong with the installation, and how to fix it:
.PP
.RS
.nf
keyshift doctor \-\-config /etc/keyshift/keyshift.yaml
.fi
.RE
.PP
A database role that can read no hash:
.PP
.RS
.nf
keyshift sql | psql \-d gateway
.fi
.RE
.PP
Remove the fallback only when it is safe:
.PP
.RS
.nf
keyshift verdict \-\-config /etc/keyshift/keyshift.yaml && remove\-the\-fallback
.fi
.RE
.SH SEE ALSO
.BR psql (1),
.BR prometheus (1),
.BR systemctl (1),
.I /usr/share/doc/keyshift/
)";

constexpr std::size_t kLine = 80;

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\') {
            out += "\\e";
        } else if (c == '-') {
            out += "\\-";
        } else if (c == '\'') {
            out += "\\(aq";
        } else {
            out += c;
        }
    }
    return out;
}

/// Running text, in lines that are not taken for requests.
std::string filled(std::string_view text) {
    std::string out;
    std::size_t length = 0;
    std::istringstream in{escaped(text)};
    for (std::string word; in >> word;) {
        if (word.front() == '.') word.insert(0, "\\&");
        const bool fits = length + 1 + word.size() < kLine;
        if (length != 0) out += fits ? ' ' : '\n';
        length = word.size() + (length != 0 && fits ? length + 1 : 0);
        out += word;
    }
    return out + "\n";
}

std::string bold(std::string_view text) {
    return "\\fB" + escaped(text) + "\\fR";
}

std::string italic(std::string_view text) {
    return "\\fI" + escaped(text) + "\\fR";
}

/// Where there are very many choices, they are a list that stands elsewhere, such as that of all commands.
std::string shown(const cli::ValueDescription& value) {
    constexpr std::size_t kMostChoices = 15;
    if (value.choices.empty() || value.choices.size() > kMostChoices) return italic(value.name);
    std::string out;
    for (const std::string& choice : value.choices) out += (out.empty() ? "" : "|") + bold(choice);
    return value.is_list ? out + "[,...]" : out;
}

std::string option_entry(const cli::OptionDescription& option) {
    std::string out = ".TP\n";
    for (std::size_t i = 0; i < option.names.size(); ++i) out += (i == 0 ? "" : ", ") + bold(option.names[i]);
    if (option.takes_value) out += " " + shown(option.value) + (option.value.may_repeat ? " ..." : "");
    return out + "\n" + filled(option.help + ".");
}

/// "keyshift key [OPTION]... ID"
std::string usage(const cli::CommandDescription& command) {
    std::string out = bold("keyshift " + command.name) + " [" + italic("OPTION") + "]...";
    for (const cli::ArgumentDescription& argument : command.arguments) {
        const std::string value = italic(argument.value.name);
        out += argument.value.is_required ? " " + value : " [" + value + "]";
        if (argument.value.may_repeat) out += "...";
    }
    return out;
}

/// Every command has it, and so it stands once.
bool is_help(const cli::OptionDescription& option) {
    return option.names.back() == "--help";
}

std::string command_section(const cli::CommandDescription& command) {
    std::string out = ".SS " + command.name + "\n" + usage(command) + "\n.PP\n" +
                      filled(command.help + ". " + command.note);
    for (const cli::ArgumentDescription& argument : command.arguments)
        out += ".TP\n" + shown(argument.value) + "\n" + filled(argument.help + ".");
    for (const cli::OptionDescription& option : command.options)
        if (!is_help(option)) out += option_entry(option);
    return out;
}

}  // namespace

std::string man_page(const cli::ProgramDescription& program, std::string_view date) {
    std::string out = ".\\\" Generated from the command line.\n.TH KEYSHIFT 1 " + std::string(date) +
                      " \"keyshift " KEYSHIFT_VERSION "\" \"User Commands\"\n";
    out += ".SH NAME\nkeyshift \\- watch API keys move from bcrypt fallback to hashed lookup\n";
    out += ".SH SYNOPSIS\n";
    for (const cli::CommandDescription& command : program.commands) out += usage(command) + "\n.br\n";
    out += bold("keyshift --help") + "|" + bold("--version") + "\n";
    out += kDescription;
    out += ".SH OPTIONS\n";
    for (const cli::OptionDescription& option : program.program.options) out += option_entry(option);
    out += ".PP\nEvery command has\n.BR \\-\\-help .\n.SH COMMANDS\n";
    for (const cli::CommandDescription& command : program.commands) out += command_section(command);
    return out + kRest;
}

}  // namespace keyshift::describe
