// SPDX-License-Identifier: Apache-2.0
#include "page/html/html.hpp"

#include "base/people_time.hpp"
#include "report/escape.hpp"

namespace keyshift::page {

void Html::add(std::string_view text) {
    report::append_html(out_, text);
}

void Html::add(Data data) {
    (*this)("<bdi>", data.text, "</bdi>");
}

void Html::add(const When& when) {
    if (!when.at) return (*this)("never"), void();
    (*this)(At{*when.at, when.now}, " <span class=\"ago\">(", base::format_distance(*when.at, when.now),
            ")</span>");
}

void Html::add(const At& at) {
    (*this)("<time datetime=\"", base::format_rfc3339(at.at), "\">", base::format_for_people(at.at, at.now),
            "</time>");
}

void Html::add(const Sentence& sentence) {
    add(base::with_times(sentence.text, sentence.now));
}

void Html::add_number(std::uint64_t number) {
    out_ += grouped(number);
}

std::string grouped(std::uint64_t number) {
    std::string out = std::to_string(number);
    for (std::size_t at = out.size(); at > 3;) out.insert(at -= 3, ",");
    return out;
}

std::string url_part(std::string_view text) {
    constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (kPlain.find(c) != std::string_view::npos)
            out += c;
        else
            out.append({'%', kDigits[byte / 16], kDigits[byte % 16]});
    }
    return out;
}

std::string begun(std::string text) {
    if (!text.empty() && text.front() >= 'a' && text.front() <= 'z')
        text.front() = static_cast<char>(text.front() - 'a' + 'A');
    return text;
}

std::string some(std::uint64_t number, std::string_view noun) {
    return grouped(number) + " " + std::string(noun) + (number == 1 ? "" : "s");
}

}  // namespace keyshift::page
