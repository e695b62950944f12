/** Sixty pages that are not ours and look like it: A7. */
export function foreignOrigins(port: number): string[] {
  const host = `127.0.0.1:${port}`
  return [
    'null', '', 'http://', 'http://127.0.0.1', `https://${host}`, `ws://${host}`, `wss://${host}`, `HTTP://${host}`, `Http://${host}`, `http:/${host}`, `http:${host}`, host, `//${host}`, `file://`, `file:///`, `about:blank`, `data:`, 'blob:', `blob:http://${host}`,
    `chrome-extension://${host}`, `moz-extension://${host}`, `capacitor://${host}`, `ftp://${host}`, `javascript://${host}`,
    `http://${host}.evil.example`, `http://evil.example:${port}`, `http://evil-127.0.0.1:${port}`, `http://127.0.0.1.evil.example:${port}`, `http://evil.example/${host}`, `http://evil.example#${host}`, `http://evil.example?${host}`, `http://evil.example\\${host}`,
    `http://${host}@evil.example`, `http://user@${host}`, `http://user:pass@${host}`, `http://${host}/`, `http://${host}/path`, `http://${host}%20`, `http://${host}%00`, `http://${host}#`, `http://${host}?`, `http://${host}.`, `http://${host},http://evil.example`, `http://evil.example,http://${host}`, `http://${host} http://evil.example`,
    `http://127.0.0.1:${port + 1}`, `http://127.0.0.1:${port - 1}`, `http://127.0.0.1:0${port}`, `http://127.0.0.1:${port}0`, `http://127.0.0.1:+${port}`, 'http://127.0.0.1:80', `http://[::1]:${port}`, `http://[::ffff:127.0.0.1]:${port}`, `http://0.0.0.0:${port}`, `http://127.1:${port}`, `http://2130706433:${port}`, `http://0x7f.1:${port}`, `http://0177.0.0.1:${port}`,
    `http://xn--127-0.example:${port}`, `http://127.0.0.1,:${port}`,
  ]
}
