// SPDX-License-Identifier: Apache-2.0
// What Asio and Beast have besides templates, compiled once: keyshift_flags tells all others to leave it out.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
