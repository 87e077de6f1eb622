// SPDX-License-Identifier: Apache-2.0
// What `status` and `verdict` show: what the running daemon judged, or one pass over the sources, which is
// nobody's verdict. Blocking; for commands only.
#pragma once

#include <optional>
#include <string_view>

#include "api/judged.hpp"
#include "base/error.hpp"
#include "commands/shared/asking.hpp"
#include "commands/shared/configuration.hpp"
#include "commands/shared/snapshot.hpp"
#include "domain/model.hpp"

namespace keyshift::commands {

template <class Document>
struct Obtained {
    Document document;
    std::optional<base::Error> unread = {};  ///< no daemon answered, and nothing could be read without one
};

/// A kind of document: where the daemon serves it, and how it is made.
template <class Document>
struct Resource {
    const char* target;
    base::Result<Document> (*decode)(std::string_view text);
    Document (*make)(const domain::Model& model, base::Time now, std::string_view from);
};

/// Without a daemon: from its state, or by one pass. Errors: those of take_snapshot().
base::Result<Snapshot> snapshot_without_daemon(const Asker& asker);

template <class Document>
Obtained<Document> obtain(const Asker& asker, const Resource<Document>& resource) {
    Obtained<Document> out;
    base::Error why;
    if (const auto answer = ask_daemon(asker.directories, resource.target); !answer) {
        why = answer.error();
    } else if (auto document = resource.decode(*answer); !document) {
        why = document.error();
    } else {
        out.document = *std::move(document);
        compare(out.document, asker.says);
        return out;
    }
    const auto snapshot = snapshot_without_daemon(asker);
    if (snapshot) {
        out.document =
            resource.make(snapshot->model, snapshot->now, snapshot->of_daemon ? "state" : "one pass");
        out.document.configuration = asker.says;
    } else {
        out.document.at = base::now();
        out.unread = snapshot.error();
        if (asker.file) out.document.configuration = asker.says;
    }
    make_unknown(out.document, why.text());
    return out;
}

/// Each on a line of standard error.
void print_differences(const api::Judged& judged);

}  // namespace keyshift::commands
