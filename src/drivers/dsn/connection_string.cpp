// SPDX-License-Identifier: Apache-2.0
#include "drivers/dsn/connection_string.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/ascii.hpp"
#include "drivers/dsn/names.hpp"
#include "drivers/dsn/url_text.hpp"

namespace keyshift::drivers {
namespace {

using base::Errc;
using base::Error;
using base::lower;
using base::Result;
using Form = ConnectionString::Form;

/// What clients call PostgreSQL: libpq; Rails and Django; Doctrine; django-environ; dj-database-url; Ecto.
constexpr std::array<std::string_view, 8> kPostgres{"postgresql", "postgres",  "postgis", "pgsql",
                                                    "pdo-pgsql",  "pdo_pgsql", "psql",    "ecto"};

/// Drivers of Java that stand around another one.
constexpr std::array<std::string_view, 4> kWrappers{"pool", "p6spy", "otel", "aws-wrapper"};

constexpr std::size_t kLongestScheme = 40;

/// The part of a URL before "://", or of what Java calls one before its last colon, in lower case; empty:
/// it begins with none.
std::string scheme_of(std::string_view text) {
    std::size_t end = text.find("://");
    const bool java = lower(text.substr(0, 5)) == "jdbc:" || lower(text.substr(0, 6)) == "r2dbc:";
    if (java && end == std::string_view::npos) {
        // jdbc:postgresql:database
        end = text.find(':', text.find(':') + 1);
    }
    if (end == std::string_view::npos || end > kLongestScheme) return {};
    const std::string scheme = lower(text.substr(0, end));
    const auto fits = [java](char c) {
        return base::is_alphanumeric(c) || c == '+' || c == '-' || c == '.' || c == '_' || (java && c == ':');
    };
    return std::all_of(scheme.begin(), scheme.end(), fits) ? scheme : std::string();
}

struct Scheme {
    std::string database;  ///< "postgresql"
    Form form = Form::url;
};

/// "jdbc:otel:postgresql" and "postgresql+asyncpg" are postgresql.
Scheme understand(const std::string& written) {
    Scheme scheme{written, Form::url};
    const std::size_t colon = written.find(':');
    if (colon != std::string::npos) {
        scheme.form = Form::jdbc;
        scheme.database = written.substr(colon + 1);
        const std::size_t next = scheme.database.find(':');
        if (next != std::string::npos && is_one_of(kWrappers, scheme.database.substr(0, next)))
            scheme.database.erase(0, next + 1);
    }
    if (scheme.database.rfind("prisma", 0) != 0)
        scheme.database = scheme.database.substr(0, scheme.database.find('+'));
    return scheme;
}

Error refused_scheme(const std::string& scheme) {
    if (scheme.rfind("prisma", 0) == 0) {
        return {Errc::config, "database_url begins with " + scheme + "://, which is a service of Prisma's",
                "give the address of the database itself, as Prisma's directUrl has it"};
    }
    return {Errc::config, "database_url begins with " + scheme + "://, which is not PostgreSQL",
            "write postgresql://user:password@host:port/database"};
}

/// An unescaped special character moves the rest of a password into host, port or database, which are
/// printable. A URL of Java's has user and password among its parameters, where an @ is none.
bool looks_mistyped(std::string_view rest, Form form) {
    if (form == Form::jdbc) rest = rest.substr(0, rest.find('=', std::min(rest.find('?'), rest.size())));
    const std::string_view before_query = rest.substr(0, rest.find('?'));
    const std::string_view authority = before_query.substr(0, before_query.find('/'));
    const auto ats = std::count(authority.begin(), authority.end(), '@');
    return ats > 1 || (ats == 0 && rest.find('@') != std::string_view::npos);
}

Result<ConnectionString> read_url(std::string_view text, const std::string& written) {
    const Scheme scheme = understand(written);
    if (!is_one_of(kPostgres, scheme.database)) return refused_scheme(written);
    if (text.back() == '"' || text.back() == '\'')
        return bad_database_url("ends with a quotation mark that none begins");
    std::string_view rest = text.substr(written.size() + 1);
    const bool slashes = rest.substr(0, 2) == "//";
    if (slashes) rest.remove_prefix(2);
    if (looks_mistyped(rest, scheme.form))
        return bad_database_url("has an unescaped @, / or ? in its password");
    ConnectionString out;
    out.form = scheme.form;
    const std::size_t question = std::min(rest.find('?'), rest.size());
    std::string address(rest.substr(0, question));
    if (!percent_decoded(address)) {
        return bad_database_url(
            "has a % in user, password, host or database that begins no percent-encoded character (write "
            "%25)");
    }
    if (!slashes) address.insert(0, address.substr(0, 1) == "/" ? "" : "/");
    // Java's driver goes to this host where none is named, libpq to a socket.
    if (out.form == Form::jdbc && (address.empty() || address.front() == '/')) address.insert(0, "localhost");
    out.address = "postgresql://" + address;
    auto parameters = read_query(rest.substr(std::min(question + 1, rest.size())),
                                 out.form == Form::jdbc ? Plus::blank : Plus::itself);
    if (!parameters) return bad_database_url(parameters.error().what);
    out.parameters = *std::move(parameters);
    return out;
}

/// A value of a keyword string, at whose end `at` is left: bare, or in quotation marks; a backslash takes
/// the next character as it is. Empty: a quotation mark is not closed.
std::optional<std::string> keyword_value(std::string_view text, std::size_t& at) {
    const bool quoted = at < text.size() && text[at] == '\'';
    if (quoted) ++at;
    std::string value;
    for (; at < text.size(); ++at) {
        if (quoted && text[at] == '\'') return ++at, value;
        if (!quoted && base::is_space(text[at])) break;
        if (text[at] == '\\') ++at;
        if (at < text.size()) value += text[at];
    }
    if (quoted) return std::nullopt;
    return value;
}

Result<ConnectionString> read_keywords(std::string_view text) {
    const auto skip_blanks = [&](std::size_t& at) {
        while (at < text.size() && base::is_space(text[at])) ++at;
    };
    ConnectionString out;
    out.form = Form::keywords;
    for (std::size_t at = 0; skip_blanks(at), at < text.size();) {
        const std::size_t begin = at;
        while (at < text.size() && text[at] != '=' && !base::is_space(text[at])) ++at;
        const std::string_view name = text.substr(begin, at - begin);
        skip_blanks(at);
        if (name.empty() || at == text.size() || text[at] != '=')
            return bad_database_url("has something other than name=value where a name should stand");
        skip_blanks(++at);
        auto value = keyword_value(text, at);
        if (!value) return bad_database_url("has a quotation mark that is not closed");
        out.parameters.push_back({std::string(name), *std::move(value)});
    }
    return out;
}

bool is_of_an_env_file(const ConnectionString& string) {
    const auto is_upper = [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; };
    const std::string& name = string.parameters.front().name;
    return std::all_of(name.begin(), name.end(), is_upper) || name == "export";
}

/// "Host=db;Password=x", as .NET has it.
bool is_of_dotnet(std::string_view text) {
    const std::string first = lower(text.substr(0, text.find('=')));
    return (first == "host" || first == "server" || first == "username" || first == "user id") &&
           text.find(';') < text.size() && text.find(' ') > text.find(';');
}

Result<ConnectionString> read_bare(std::string_view text) {
    if (text.empty()) return bad_database_url("is empty");
    if (const std::string scheme = scheme_of(text); !scheme.empty()) return read_url(text, scheme);
    const std::string beginning = lower(text.substr(0, 11));
    if (beginning == "postgresql:" || beginning.rfind("postgres:", 0) == 0)
        return bad_database_url("has no // behind its scheme");
    if (text.find('=') == std::string_view::npos)
        return bad_database_url("begins with no scheme, such as postgresql://, and has no name=value");
    if (is_of_dotnet(text)) {
        return Error{Errc::config,
                     "database_url is a connection string of .NET, with a semicolon behind each value",
                     "write postgresql://user:password@host:port/database"};
    }
    auto keywords = read_keywords(text);
    if (keywords && is_of_an_env_file(*keywords))
        return bad_database_url("begins with the name of a variable and =, which belong to an env file");
    return keywords;
}

}  // namespace

Error bad_database_url(std::string what) {
    return {Errc::config, "database_url " + std::move(what),
            "write postgresql://user:password@host:port/database with special characters of the password "
            "percent-encoded (@ is %40, / is %2F, : is %3A, ? is %3F, # is %23)"};
}

std::string shown_name(const ConnectionString& string, std::size_t index) {
    // An unescaped blank makes a name of a part of a password.
    return string.form == Form::keywords ? "parameter number " + std::to_string(index + 1)
                                         : shown_name(string.parameters, index);
}

Result<ConnectionString> read_connection_string(std::string_view text) {
    if (text.find('\0') != std::string_view::npos) return bad_database_url("contains a NUL byte");
    const auto bare = without_quotes(text);
    if (!bare) return bad_database_url(bare.error().what);
    auto string = read_bare(bare->text);
    if (string) string->was_quoted = bare->was_quoted;
    return string;
}

}  // namespace keyshift::drivers
