"""How a pretrained network is fine-tuned: a family's defaults, layers by depth, drop path."""
