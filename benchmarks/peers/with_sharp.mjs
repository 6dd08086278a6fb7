// Resize with sharp on Node, one image per worker at the same time. NODE_PATH is the folder where sharp is installed.

import { mkdirSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join, parse } from "node:path";

const sharp = createRequire(import.meta.url)("sharp");
const [inDir, outDir, size, workers, extension] = process.argv.slice(2);
const names = readdirSync(inDir).sort();

async function work() {
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    const image = sharp(join(inDir, name)).resize(Number(size), Number(size), { fit: "inside" });
    const encoded = extension === "jpg" ? image.jpeg({ quality: 75 }) : image.png();
    await encoded.toFile(join(outDir, `${parse(name).name}.${extension}`));
  }
}

sharp.concurrency(1);
mkdirSync(outDir, { recursive: true });
await Promise.all(Array.from({ length: Number(workers) }, work));
