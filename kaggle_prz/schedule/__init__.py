"""Recipe and measured speed -> stages: size, epochs, batch size, learning rate, cost.

Pure functions, without Keras. Compute is counted in images × px², which is what a
convolutional network's time follows (EfficientNetV2, arXiv:2104.00298, section 4).
"""
