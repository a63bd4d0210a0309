"""Write a GGUF of a few hundred KB that llama.cpp really loads: `write_gguf.py PATH`."""

import sys

import numpy as np
from gguf import GGUFWriter, LlamaFileType, TokenType

WIDTH, HIDDEN, LAYERS, HEADS, CONTEXT = 64, 128, 1, 2, 128
CONTROLS = ["<unk>", "<s>", "</s>"]
WORDS = [*CONTROLS, *(f"<0x{byte:02X}>" for byte in range(256)), *(f"\u2581{chr(97 + n)}" for n in range(26))]


def main() -> None:
    rng = np.random.default_rng(7)
    writer = GGUFWriter(sys.argv[1], "llama")
    writer.add_name("aiguard tiny llama")
    writer.add_license("apache-2.0")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_file_type(LlamaFileType.ALL_F32)
    writer.add_vocab_size(len(WORDS))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(WORDS)
    writer.add_token_scores([0.0] * len(WORDS))
    kinds = [TokenType.UNKNOWN, TokenType.CONTROL, TokenType.CONTROL] + [TokenType.BYTE] * 256 + [TokenType.NORMAL] * 26
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)

    def add(name: str, *shape: int) -> None:
        writer.add_tensor(name, rng.standard_normal(shape).astype(np.float32) * 0.02)

    add("token_embd.weight", len(WORDS), WIDTH)
    add("output_norm.weight", WIDTH)
    add("output.weight", len(WORDS), WIDTH)
    for layer in range(LAYERS):
        for name in ("attn_norm", "ffn_norm"):
            add(f"blk.{layer}.{name}.weight", WIDTH)
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add(f"blk.{layer}.{name}.weight", WIDTH, WIDTH)
        add(f"blk.{layer}.ffn_gate.weight", HIDDEN, WIDTH)
        add(f"blk.{layer}.ffn_up.weight", HIDDEN, WIDTH)
        add(f"blk.{layer}.ffn_down.weight", WIDTH, HIDDEN)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
