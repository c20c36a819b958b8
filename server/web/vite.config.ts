import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { groups, LATER } from './chunks.ts';
import { packed } from './packed.ts';

const server = process.env.MARQUEE_URL ?? 'http://127.0.0.1:8000';

// The one large chunk is hls.js, which only those load who cannot be reached by WebRTC.
export default defineConfig({
  plugins: [svelte(), packed()],
  build: {
    outDir: 'dist',
    assetsDir: 'assets',
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: false,
    chunkSizeWarningLimit: 600,
    manifest: 'assets/chunks.json',
    modulePreload: { polyfill: false },
    rolldownOptions: {
      treeshake: { moduleSideEffects: [{ test: LATER, sideEffects: false }] },
      output: { codeSplitting: { includeDependenciesRecursively: false, groups } },
    },
  },
  server: {
    proxy: {
      '/api': server,
      '/whip': server,
      '/whep': server,
      '/hls': server,
      '/ws': { target: server, ws: true },
    },
  },
  test: { include: ['tests/**/*.test.ts'], environment: 'node', testTimeout: 5000 },
});
