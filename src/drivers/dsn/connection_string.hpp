// SPDX-License-Identifier: Apache-2.0
// A PostgreSQL connection string in the forms in which the clients of gateways keep it, taken apart into
// names and values. What a name means is the matter of parameters.hpp. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "drivers/dsn/url_text.hpp"

namespace keyshift::drivers {

struct ConnectionString {
    enum class Form {
        url,
        jdbc,      ///< a URL of Java's, in which some names mean something else
        keywords,  ///< name=value name='value', as libpq has it
    };

    Form form = Form::url;
    std::string address;  ///< a URL: without its parameters, for libpq to read
    UrlParameters parameters;
    bool was_quoted = false;
};

/// Takes `postgresql://`, a scheme that names a driver too (`postgresql+asyncpg://`), what Rails, Django,
/// Doctrine and Ecto call PostgreSQL, `jdbc:postgresql:`, `r2dbc:postgresql://` and keyword strings; blanks
/// and line ends around it, and the quotation marks of an env file, are not part of it. Errc::config: it is
/// none of them. The error names a scheme, and quotes nothing else of it.
base::Result<ConnectionString> read_connection_string(std::string_view text);

/// Of a connection string: `what` says what is wrong with it.
base::Error bad_database_url(std::string what);

/// As that of a URL; the names of a keyword string are never shown.
std::string shown_name(const ConnectionString& string, std::size_t index);

}  // namespace keyshift::drivers
