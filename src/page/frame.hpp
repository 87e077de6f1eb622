// SPDX-License-Identifier: Apache-2.0
// What stands around every document: head, navigation, and what is said when keyshift no longer answers.
// Pure: safe from any thread.
#pragma once

#include <string>
#include <string_view>

#include "page/documents.hpp"
#include "page/html/html.hpp"

namespace keyshift::page {

enum class Place { overview, keys, key, owners };

struct Frame {
    Place place = Place::overview;
    std::string title = {};  ///< before the verdict in the title; data, or empty
};

/// The whole document.
std::string framed(const Common& common, const Frame& frame, const Html& main);
/// A document of its own, without a verdict or script.
std::string plain(std::string_view title, const Html& main);

}  // namespace keyshift::page
