// Builds the stage once per test run and serves it as the relay serves the product: one page for every address, and a content security policy
// as strict, so that what needs a hole in it fails here first.
import { createReadStream, existsSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const TYPES: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.woff2': 'font/woff2', '.svg': 'image/svg+xml', '.png': 'image/png' };
const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; object-src 'none'; style-src-attr 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

export interface Stage extends AsyncDisposable {
  /** Ends in a slash. */
  readonly address: string;
}

/** Out: the folder it was built into, of this run alone; `serveStage` takes it away again. */
export async function buildStage(): Promise<string> {
  const out = await mkdtemp(join(tmpdir(), 'samenpad-stage-'));
  await build({ configFile: fileURLToPath(new URL('./stage/vite.config.ts', import.meta.url)), build: { outDir: out } });
  return out;
}

export async function serveStage(out: string): Promise<Stage> {
  const server: Server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://stage').pathname);
    const file = join(out, path);
    const isFile = file.startsWith(out) && existsSync(file) && statSync(file).isFile();
    const served = isFile ? file : join(out, 'index.html');
    response.writeHead(200, { 'content-type': TYPES[extname(served)] ?? 'application/octet-stream', 'content-security-policy': POLICY });
    createReadStream(served).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return {
    address: `http://localhost:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(out, { recursive: true, force: true });
    },
  };
}
