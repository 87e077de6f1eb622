// SPDX-License-Identifier: Apache-2.0
// keyshift_describe DIRECTORY DATE: writes man page and completions there.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "descriptions.hpp"

int main(int argc, char** argv) {
    using namespace keyshift;
    if (argc != 3) {
        std::cerr << "usage: keyshift_describe DIRECTORY YYYY-MM-DD\n";
        return EXIT_FAILURE;
    }
    const std::filesystem::path directory = argv[1];
    const cli::ProgramDescription program = cli::describe_command_line();
    const auto write = [&](const char* name, const std::string& content) {
        return static_cast<bool>(std::ofstream(directory / name) << content << std::flush);
    };
    const bool written = write("keyshift.1", describe::man_page(program, argv[2])) &&
                         write("keyshift.bash", describe::bash_completion(program)) &&
                         write("_keyshift", describe::zsh_completion(program)) &&
                         write("keyshift.fish", describe::fish_completion(program));
    if (!written) std::cerr << "keyshift_describe: cannot write to " << directory << "\n";
    return written ? EXIT_SUCCESS : EXIT_FAILURE;
}
