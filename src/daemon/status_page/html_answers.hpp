// SPDX-License-Identifier: Apache-2.0
// What all answers of the status page have in common: what a browser may do with them. Pure: safe from any
// thread.
#pragma once

#include <functional>
#include <string>

#include "http/message.hpp"

namespace keyshift::daemon {

/// A document that loads nothing but the page's own files, stands in no frame, and is not kept.
http::Response html_answer(int status, std::string document);
/// A file of page/assets.hpp, which may be kept for ever; 404 under the address of another release.
http::Response asset_answer(const http::Request& request);
/// Whether HTML is what the client wants to have. `*/*` alone, as curl says, is not.
bool reads_html(const http::Request& request);

/// `asked`, or what `otherwise` makes of a refusal of the worker: a document where a program gets a problem.
http::Response or_else(http::Response asked, std::function<http::Response(const http::Response&)> otherwise);

}  // namespace keyshift::daemon
