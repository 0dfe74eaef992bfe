import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

// The page is built into the Python package, which serves it next to /api.
export default defineConfig({
  base: './',
  plugins: [vue()],
  publicDir: false,
  build: {
    outDir: '../src/holdfast/web/page',
    emptyOutDir: true,
    target: 'es2022',
    chunkSizeWarningLimit: 1600,
  },
  worker: { format: 'es' },
  server: { proxy: { '/api': 'http://127.0.0.1:8600' } },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
})
