// SPDX-License-Identifier: Apache-2.0
// What can go wrong at an edge, as a value: a code that names the operator's next action, a sentence that
// says what happened, and one that says what to do. Errors never carry secrets: whoever makes one leaves them
// out.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <boost/system/result.hpp>

namespace keyshift::base {

/// Each code calls for a different action of the operator. The first seven are the values of the metric label
/// `reason`.
enum class Errc {
    connect,     ///< nobody answers, or the connection broke: look at the network and the server
    auth,        ///< who we are was not accepted: look at the user and the password
    permission,  ///< we may not read it: grant a right
    timeout,     ///< it did not answer in time: look at its load and locks
    schema,      ///< it is not shaped as configured: look at the preset and its overrides
    parse,       ///< what it said cannot be understood
    other,       ///< none of these: read the message
    config,      ///< the configuration is wrong (never a source's reason)
    usage,       ///< the command line asks for what is not there (never a source's reason)
    output,      ///< a result cannot be written: look at the disk (never a source's reason)
    canceled,    ///< we were told to stop (never counted as a failure)
};

/// The metric label for `code`; the rest map to "other", they are not a source's doing.
std::string_view reason(Errc code);

struct Error {
    Errc code = Errc::other;
    std::string what;  ///< one line, no trailing full stop, no secret
    std::string hint;  ///< what to do about it; may be empty

    /// `what`, then the hint if there is one: the form in which people read it.
    std::string text() const { return hint.empty() ? what : what + "; " + hint; }
};

template <class T>
using Result = boost::system::result<T, Error>;

/// Called by Result::value() on an error; code here tests first, so reaching it is a bug.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location&);

}  // namespace keyshift::base
