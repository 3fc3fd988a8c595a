# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
x86-64/client # waits until the host is ready
x86-64/client host
$FAR ls
$ARM aarch64/client code addresses
x86-64/client code addresses
echo "$(ls store/segments | wc -l) segments"
$FAR unregister pair
echo "$(ls store/segments | wc -l) segments"
