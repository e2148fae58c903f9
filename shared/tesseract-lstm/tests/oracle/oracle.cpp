// Reads line images with libtesseract 5.3.0 as Debian 12 ships it, and prints what it saw and thought of them: one JSON
// object a line. The library exports all its functions: the two below stand before its own in the order of symbols, so
// that what passes through them can be recorded. Their arguments are described as far as they are read.
//
//   oracle LANG < paths          recognises each image as one line (--oem 1 -c tessedit_pageseg_mode=13)
//   oracle LANG --time N < paths  recognises all of them N times and prints lines and CPU seconds

#include <dlfcn.h>
#include <time.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include <leptonica/allheaders.h>
#include <tesseract/baseapi.h>

namespace {

// ccstruct/matrix.h, GENERIC_2D_ARRAY
template <typename T>
struct Matrix {
  void *vtable;
  T *values;
  T empty;
  int rows;
  int columns;
  int allocated;
};

// lstm/networkio.h, NetworkIO
struct NetworkIO {
  Matrix<float> floats;
  Matrix<int8_t> integers;
  bool is_integer;
};

uint64_t fnv(const void *data, size_t size) {
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t i = 0; i < size; ++i) {
    hash = (hash ^ static_cast<const unsigned char *>(data)[i]) * 0x100000001b3;
  }
  return hash;
}

struct Run {
  int pixels = 0;
  uint64_t input = 0;
  int steps = 0;
  int classes = 0;
  uint64_t softmax = 0;
};

bool recording = false;
// What was prepared last: a line may be tried inverted, and the beam search sees the better try.
std::vector<Run> inputs;
std::vector<Run> runs;
const char *dump = nullptr;
int dumped = 0;

void write_dump(const char *kind, const void *data, size_t size) {
  if (dump != nullptr) {
    std::ofstream file(std::string(dump) + "/" + std::to_string(dumped) + "." + kind, std::ios::binary);
    file.write(static_cast<const char *>(data), size);
  }
}

template <typename Function>
Function *original(const char *name) {
  auto function = reinterpret_cast<Function *>(dlsym(RTLD_NEXT, name));
  if (function == nullptr) {
    fprintf(stderr, "oracle: this libtesseract has no %s\n", name);
    exit(1);
  }
  return function;
}

std::string escaped(const char *text) {
  std::string out;
  for (; *text != '\0'; ++text) {
    if (*text == '"' || *text == '\\') {
      out += '\\';
      out += *text;
    } else if (static_cast<unsigned char>(*text) < 0x20) {
      char code[8];
      snprintf(code, sizeof code, "\\u%04x", *text);
      out += code;
    } else {
      out += *text;
    }
  }
  return out;
}

}  // namespace

#define PREPARE "_ZN9tesseract5Input15PreparePixInputERKNS_11StaticShapeENS_5ImageEPNS_5TRandEPNS_9NetworkIOE"
#define DECODE "_ZN9tesseract16RecodeBeamSearch6DecodeERKNS_9NetworkIOEdddPKNS_10UNICHARSETEi"

extern "C" {

void prepare(const void *shape, Pix *pix, void *randomizer, NetworkIO *input) __asm__(PREPARE);
void decode(void *self, const NetworkIO *output, double ratio, double offset, double worst, const void *charset,
            int mode) __asm__(DECODE);

void prepare(const void *shape, Pix *pix, void *randomizer, NetworkIO *input) {
  static auto *next = original<decltype(prepare)>(PREPARE);
  next(shape, pix, randomizer, input);
  if (recording) {
    const auto &values = input->integers;
    Run run;
    run.pixels = values.rows * values.columns;
    run.input = fnv(values.values, run.pixels);
    inputs.push_back(run);
    write_dump("input", values.values, run.pixels);
  }
}

void decode(void *self, const NetworkIO *output, double ratio, double offset, double worst, const void *charset,
            int mode) {
  static auto *next = original<decltype(decode)>(DECODE);
  if (recording && !inputs.empty()) {
    const auto &values = output->floats;
    Run run = inputs.front();
    run.steps = values.rows;
    run.classes = values.columns;
    run.softmax = fnv(values.values, sizeof(float) * values.rows * values.columns);
    runs.push_back(run);
    inputs.clear();
    write_dump("softmax", values.values, sizeof(float) * values.rows * values.columns);
    ++dumped;
  }
  next(self, output, ratio, offset, worst, charset, mode);
}

}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: oracle LANG [--time N] < paths\n");
    return 2;
  }
  dump = getenv("ORACLE_DUMP");
  tesseract::TessBaseAPI api;
  // SetPageSegMode reaches the first language only: the others would cut a line of several languages to its layout.
  const std::vector<std::string> names = {"tessedit_pageseg_mode", "debug_file"};
  const std::vector<std::string> values = {"13", "/dev/null"};
  if (api.Init(nullptr, argv[1], tesseract::OEM_LSTM_ONLY, nullptr, 0, &names, &values, false) != 0) {
    return 1;
  }
  std::vector<std::string> paths;
  for (std::string path; std::getline(std::cin, path);) {
    paths.push_back(path);
  }

  if (argc == 4 && strcmp(argv[2], "--time") == 0) {
    std::vector<Pix *> pictures;
    for (const auto &path : paths) {
      pictures.push_back(pixRead(path.c_str()));
    }
    const int rounds = atoi(argv[3]);
    timespec start, end;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    for (int round = 0; round < rounds; ++round) {
      for (Pix *pix : pictures) {
        api.SetImage(pix);
        delete[] api.GetUTF8Text();
      }
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    printf("{\"lines\":%zu,\"seconds\":%.6f}\n", rounds * pictures.size(),
           (end.tv_sec - start.tv_sec) + (end.tv_nsec - start.tv_nsec) * 1e-9);
    return 0;
  }

  recording = true;
  for (const auto &path : paths) {
    inputs.clear();
    runs.clear();
    Pix *pix = pixRead(path.c_str());
    if (pix == nullptr) {
      fprintf(stderr, "oracle: %s is no image\n", path.c_str());
      return 1;
    }
    api.SetImage(pix);
    char *text = api.GetUTF8Text();
    printf("{\"file\":\"%s\",\"text\":\"%s\",\"confidence\":%d,\"runs\":[", escaped(path.c_str()).c_str(),
           escaped(text == nullptr ? "" : text).c_str(), api.MeanTextConf());
    for (size_t i = 0; i < runs.size(); ++i) {
      const Run &run = runs[i];
      printf("%s{\"pixels\":%d,\"input\":\"%016lx\",\"steps\":%d,\"classes\":%d,\"softmax\":\"%016lx\"}", i > 0 ? "," : "",
             run.pixels, run.input, run.steps, run.classes, run.softmax);
    }
    printf("]}\n");
    fflush(stdout);
    delete[] text;
    pixDestroy(&pix);
  }
  return 0;
}
