import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  // Relative, so that dist/ works under any path of any static host.
  base: './',
  plugins: [svelte()],
  assetsInclude: ['**/*.onnx', '**/*.md'],
  // ONNX Runtime finds its WebAssembly by its own address.
  optimizeDeps: { exclude: ['onnxruntime-web'] },
  worker: { format: 'es' },
  build: { target: 'es2023', assetsInlineLimit: 0 },
});
