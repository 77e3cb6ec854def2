// `node unpack.mjs FOLDER`: writes each brotli file of a folder beside itself, unpacked and without `.br`. Node has brotli, Python not.

import { createReadStream, createWriteStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";

const folder = process.argv[2];
const packed = (await readdir(folder)).filter((name) => name.endsWith(".br"));
await Promise.all(
  packed.map((name) => {
    const path = join(folder, name);
    return pipeline(createReadStream(path), createBrotliDecompress(), createWriteStream(path.slice(0, -".br".length)));
  }),
);
