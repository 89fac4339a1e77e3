"""llama.cpp through ctypes: a language model with its KV cache, batches, samplers and grammars. No rclpy here."""
