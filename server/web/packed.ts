import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

/** Files so small that a packed one saves no packet. */
const SMALL = 1_000;

/** Beside each file that packs well the same as `.gz`, which the server sends to whom it may. */
export function packed(): Plugin {
  return {
    name: 'packed',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        for (const [fileName, file] of Object.entries(bundle)) {
          const source = file.type === 'chunk' ? file.code : file.source;
          if (!/\.(js|css|json|svg)$/.test(fileName) || source.length < SMALL) continue;
          this.emitFile({ type: 'asset', fileName: `${fileName}.gz`, source: gzipSync(source, { level: 9 }) });
        }
      },
    },
  };
}
