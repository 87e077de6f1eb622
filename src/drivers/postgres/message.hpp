// SPDX-License-Identifier: Apache-2.0
// What libpq writes about an error in its verbose form. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace keyshift::drivers {

struct PostgresMessage {
    std::string sqlstate;  ///< empty: it is not the server's word, but libpq's own
    std::string text;      ///< one line, without severity and SQLSTATE
};

/// Of a login. Several attempts (addresses, hosts) give several lines: what counts is the last one.
PostgresMessage read_login_message(std::string_view raw);
/// Of a statement, whatever the server's language. What a lost connection adds to the server's last words is
/// left out.
PostgresMessage read_statement_message(std::string_view raw);

}  // namespace keyshift::drivers
